package dev.quantreel.engines.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.quant.ActivationStatistics.LayerStatistics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockCalibrationTest {

    private static final SamplerSettings SETTINGS = new SamplerSettings(2, 3, new SigmaSchedule.Linear(3));

    private final Path folder;

    private final TransformerCheckpoint checkpoint = TransformerCheckpoint.of(TinyWan.comfy());
    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    BlockCalibrationTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static Trajectories trajectories(int count) {
        BranchConditioning empty = BranchConditioning.of(TinyWan.random(9, 1, 12, 32));
        return new Trajectories(
                List.of(
                        new Trajectories.Prompt(BranchConditioning.of(TinyWan.random(1, 1, 12, 32)), empty),
                        new Trajectories.Prompt(BranchConditioning.of(TinyWan.random(2, 1, 12, 32)), empty)),
                SETTINGS,
                Shape.of(1, 16, 2, 4, 6),
                count,
                40);
    }

    private SelfCalibration.Model model(TransformerCheckpoint own) {
        return new SelfCalibration.Model(engine, own, own.blockLinears());
    }

    private BlockCalibration.Options options(String name, long budgetBytes, BlockCalibration.Progress progress) {
        return new BlockCalibration.Options(
                folder.resolve(name), "source", budgetBytes, progress, CancellationToken.NONE);
    }

    private BlockCalibration calibration(String name, long budgetBytes, BlockCalibration.Progress progress) {
        return BlockCalibration.of(model(checkpoint), trajectories(2), options(name, budgetBytes, progress));
    }

    private static void assertAlike(LayerStatistics own, LayerStatistics expected, String layer) {
        Matrix gram = own.gram();
        Matrix other = expected.gram();
        assertThat(gram.minus(other).squareSum()).as(layer).isLessThan(1e-10 * other.squareSum());
        assertThat(own.tokens()).as(layer).isEqualTo(expected.tokens());
        float[] largest = expected.absMax();
        for (int i = 0; i < largest.length; i++) {
            assertThat(own.absMax()[i]).isCloseTo(largest[i], within(1e-4f * (1 + largest[i])));
        }
    }

    @Test
    void sumsAreThoseOfTheWholeModelInOnePass() {
        SelfCalibration whole = SelfCalibration.of(
                model(checkpoint), trajectories(2), SelfCalibration.Progress.NONE, CancellationToken.NONE);
        BlockCalibration blocks = calibration("a", Long.MAX_VALUE, BlockCalibration.Progress.NONE);
        for (String layer : checkpoint.blockLinears()) {
            assertAlike(blocks.of(layer).orElseThrow(), whole.of(layer).orElseThrow(), layer);
        }
        assertThat(blocks.of("blocks.0.self_attn.k")).isEqualTo(blocks.of("blocks.0.self_attn.q"));
        assertThat(blocks.of("head")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "hunyuan_video_diffusers.safetensors, 3",
        "hunyuan_video_15_t2v_diffusers.safetensors, 2",
        "cogvideox2b_diffusers.safetensors, 3",
        "ltx_diffusers.safetensors, 2"
    })
    void blocksOfEveryFamilyRunOneAtATime(String file, int frames) {
        TransformerCheckpoint tiny = new TinyTransformer(file, frames).checkpoint();
        Shape latent = Shape.of(1, tiny.facts().latent().channels(), frames, 4, 6);
        BranchConditioning blank = NoText.of(tiny, latent);
        Trajectories trajectories = new Trajectories(
                List.of(new Trajectories.Prompt(blank, blank)),
                new SamplerSettings(2, 1, new SigmaSchedule.Linear(3)),
                latent,
                1,
                7);
        SelfCalibration whole =
                SelfCalibration.of(model(tiny), trajectories, SelfCalibration.Progress.NONE, CancellationToken.NONE);
        BlockCalibration blocks =
                BlockCalibration.of(model(tiny), trajectories, options(file, 1, BlockCalibration.Progress.NONE));
        for (String layer : tiny.blockLinears()) {
            assertAlike(blocks.of(layer).orElseThrow(), whole.of(layer).orElseThrow(), layer);
        }
    }

    @Test
    void aSmallBudgetAndEarlierBlocksGiveTheSameSums() {
        BlockCalibration wide = calibration("wide", Long.MAX_VALUE, BlockCalibration.Progress.NONE);
        BlockCalibration narrow = calibration("narrow", 1, BlockCalibration.Progress.NONE);
        for (String layer : List.of("blocks.0.ffn.2", "blocks.1.self_attn.q", "blocks.0.ffn.2", "blocks.1.ffn.0")) {
            assertThat(narrow.of(layer).orElseThrow().gram())
                    .isEqualTo(wide.of(layer).orElseThrow().gram());
        }
    }

    @Test
    void whatWasGatheredBeforeAStopIsKept() {
        List<Long> heard = new ArrayList<>();
        BlockCalibration undisturbed =
                calibration("undisturbed", Long.MAX_VALUE, (what, done, total) -> heard.add(done));
        String layer = "blocks.1.ffn.2";
        Matrix expected = undisturbed.of(layer).orElseThrow().gram();
        long all = heard.getLast();
        assertThat(heard).isSorted().doesNotHaveDuplicates();
        for (int stop = 3; stop < all; stop += 3) {
            String name = "stopped" + stop;
            AtomicInteger left = new AtomicInteger(stop);
            BlockCalibration.Progress stopping = (what, done, total) -> {
                assertThat(total).isEqualTo(all);
                if (left.decrementAndGet() == 0) {
                    throw new CancellationException();
                }
            };
            BlockCalibration stopped = calibration(name, Long.MAX_VALUE, stopping);
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> stopped.of(layer).orElseThrow().gram());
            List<Long> later = new ArrayList<>();
            BlockCalibration resumed = calibration(name, Long.MAX_VALUE, (what, done, total) -> later.add(done));
            assertThat(resumed.of(layer).orElseThrow().gram()).isEqualTo(expected);
            assertThat(later.getFirst()).isGreaterThan(stop - all / 4 - 1);
        }
    }

    @Test
    void statisticsOfSomethingElseAreRefusedAndCanBeDiscarded() {
        calibration("a", 1, BlockCalibration.Progress.NONE);
        Trajectories others = trajectories(3);
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() ->
                        BlockCalibration.of(model(checkpoint), others, options("a", 1, BlockCalibration.Progress.NONE)))
                .withMessageContaining("another source, recipe")
                .withMessageContaining("--restart");
        BlockCalibration.discard(folder.resolve("a"));
        assertThat(folder.resolve("a")).doesNotExist();
        BlockCalibration.of(model(checkpoint), others, options("a", 1, BlockCalibration.Progress.NONE));
    }
}
