package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.quantize.GPTQQuantize;
import dev.quantreel.nodes.quantize.MinMaxQuantize.ActivationBits;
import dev.quantreel.nodes.quantize.SelfCalibration;
import dev.quantreel.nodes.sampling.ImageToVideo;
import dev.quantreel.nodes.testing.SceneRequest;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a kept result is found by: everything that it depends on, and nothing else.
class MeasurementKeysTest {

    private static final BitPlan BITS = new BitPlan(DeltaGbs.of(0.1), "delta-GBS");
    private static final CachePlan CACHE = new CachePlan.Tea(Optional.empty(), false, 0.2, StepWindow.ALL);

    private final ExpertPipeline tiny;

    MeasurementKeysTest(@TempDir Path root) throws Exception {
        tiny = ExpertPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        tiny.context().close();
    }

    private Yardstick yardstick(Scene scene, Candidate reference) {
        return new Yardstick(scene, reference, Optional.empty(), tiny.context());
    }

    private Scene scene() throws Exception {
        return new SceneRequest(tiny.latent(64))
                .of(tiny.prompt("a cat"), Optional.empty())
                .scene();
    }

    private static Candidate candidate(String name, DiffusionModel high, LowNoiseModel low) {
        return new Candidate(name, high, Optional.of(low), Optional.of(BITS), Optional.of(CACHE));
    }

    @Test
    void everyPartOfACandidateHasAKeyOfItsOwnButForItsName() throws Exception {
        DiffusionModel high = tiny.wan("high", 16, 7);
        DiffusionModel low = tiny.wan("low", 16, 8);
        DiffusionModel other = tiny.wan("other", 16, 9);
        DiffusionModel eight = tiny.quantized(high);
        LowNoiseModel quantized = new LowNoiseModel(tiny.quantized(low), 0.8, 3);
        Candidate whole = candidate("whole", eight, quantized);
        Map<String, Candidate> changed = new LinkedHashMap<>();
        changed.put("another file of the expert", candidate("", eight, low(tiny.quantized(other))));
        changed.put("its weight bits", candidate("", eight, low(tiny.quantized(low, 5, ActivationBits.EIGHT))));
        changed.put("its activation bits", candidate("", eight, low(tiny.quantized(low, 4, ActivationBits.FOUR))));
        changed.put("full precision of it", candidate("", eight, low(low)));
        changed.put("its boundary", candidate("", eight, new LowNoiseModel(tiny.quantized(low), 0.7, 3)));
        changed.put("its guidance", candidate("", eight, new LowNoiseModel(tiny.quantized(low), 0.8, 2)));
        changed.put("no expert", new Candidate("", eight, Optional.empty(), Optional.of(BITS), Optional.of(CACHE)));
        changed.put("experts the other way round", candidate("", tiny.quantized(low), low(eight)));
        changed.put("weight bits", candidate("", tiny.quantized(high, 3, ActivationBits.EIGHT), quantized));
        changed.put("delta", with(whole, DeltaGbs.of(0.11), CACHE));
        changed.put("bits by block", with(whole, new BlockwiseGbs(DeltaGbs.of(0.1)), CACHE));
        changed.put("no bits", new Candidate("", eight, whole.lowNoise(), Optional.empty(), Optional.of(CACHE)));
        changed.put("threshold", with(whole, BITS.schedule(), new CachePlan.Easy(0.2, 0)));
        changed.put("no cache", new Candidate("", eight, whole.lowNoise(), Optional.of(BITS), Optional.empty()));
        Yardstick yardstick = yardstick(scene(), Candidate.of("", high));

        assertThat(yardstick.key(candidate("by another name", eight, quantized)))
                .isEqualTo(yardstick.key(whole));
        Map<String, String> keys = new LinkedHashMap<>();
        changed.forEach((what, candidate) -> keys.put(what, yardstick.key(candidate)));
        keys.put("unchanged", yardstick.key(whole));
        assertThat(new LinkedHashSet<>(keys.values())).as("%s", keys).hasSameSizeAs(keys.values());
    }

    private static LowNoiseModel low(DiffusionModel model) {
        return new LowNoiseModel(model, 0.8, 3);
    }

    private static Candidate with(Candidate whole, BitSchedule bits, CachePlan cache) {
        return new Candidate(
                "", whole.model(), whole.lowNoise(), Optional.of(new BitPlan(bits, "")), Optional.of(cache));
    }

    @Test
    void theReferencesExpertAndThePictureAreInTheKey() throws Exception {
        DiffusionModel high = tiny.wan("high", 36, 7);
        DiffusionModel low = tiny.wan("low", 36, 8);
        Candidate measured = ExpertPipeline.pair("measured", tiny.quantized(high), tiny.quantized(low));
        Candidate pair = ExpertPipeline.pair("pair", high, low);
        ImageToVideo.Outputs red = tiny.start(high, 1, 0);
        ImageToVideo.Outputs blue = tiny.start(high, 0, 1);
        Scene first = scene(red);

        String key = yardstick(first, pair).key(measured);
        assertThat(yardstick(scene(tiny.start(high, 1, 0)), pair).key(measured)).isEqualTo(key);
        assertThat(yardstick(first, Candidate.of("", high)).key(measured)).isNotEqualTo(key);
        assertThat(yardstick(first, ExpertPipeline.pair("", high, tiny.quantized(low)))
                        .key(measured))
                .isNotEqualTo(key);
        assertThat(yardstick(scene(blue), pair).key(measured)).isNotEqualTo(key);
        assertThat(yardstick(scene(), pair).key(measured)).isNotEqualTo(key);
    }

    private static Scene scene(ImageToVideo.Outputs start) {
        return new SceneRequest(start.latent())
                .of(start.positive(), Optional.empty())
                .scene();
    }

    @Test
    void statisticsOfEqualPlansThatWereMadeOtherwiseHaveOtherKeys() throws Exception {
        DiffusionModel model = tiny.wan("high", 16, 7);
        Yardstick yardstick = yardstick(scene(), Candidate.of("", model));
        DiffusionModel guided = calibrated(model, 4, 64);

        assertThat(calibrated(model, 4, 64).plan())
                .isEqualTo(calibrated(model, 1, 64).plan());
        assertThat(yardstick.key(Candidate.of("", calibrated(model, 4, 64))))
                .isEqualTo(yardstick.key(Candidate.of("", guided)));
        assertThat(yardstick.key(Candidate.of("", calibrated(model, 1, 64))))
                .isNotEqualTo(yardstick.key(Candidate.of("", guided)));
        assertThat(yardstick.key(Candidate.of("", calibrated(model, 4, 96))))
                .isNotEqualTo(yardstick.key(Candidate.of("", guided)));
    }

    @Test
    void fullPrecisionIsWithoutWhatMakesUpForQuantization() throws Exception {
        DiffusionModel model = tiny.quantized(tiny.wan("high", 16, 7));
        DiffusionModel estimated = model.withEstimate(LowRankBranches.NONE, "some branches");
        Yardstick yardstick = yardstick(scene(), Candidate.fullPrecision(estimated));

        assertThat(yardstick.key(Candidate.of("", model)))
                .isEqualTo(yardstick(scene(), Candidate.fullPrecision(model)).key(Candidate.of("", model)))
                .isNotEqualTo(yardstick.key(Candidate.of("", estimated)));
    }

    private DiffusionModel calibrated(DiffusionModel model, double cfg, int width) throws Exception {
        DiffusionModel known = new SelfCalibration()
                .run(
                        new SelfCalibration.Inputs(model, tiny.clip(), tiny.latent(width), "a cat", 1, 2, cfg, 1),
                        tiny.context())
                .model();
        return new GPTQQuantize()
                .run(new GPTQQuantize.Inputs(known, 4, 0.01, ""), tiny.context())
                .model();
    }
}
