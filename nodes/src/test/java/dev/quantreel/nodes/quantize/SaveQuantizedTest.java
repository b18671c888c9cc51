package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.loading.LoadQuantized;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Save Quantized, and Load Quantized behind it.
class SaveQuantizedTest {

    private final DemoPipeline demo;

    SaveQuantizedTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel savedAndLoaded(DiffusionModel model) throws Exception {
        Path saved = Path.of(new SaveQuantized()
                .run(new SaveQuantized.Inputs(model, "diffusion_models/q", "test"), demo.context())
                .path());
        Files.move(saved, demo.context().folders().models("diffusion_models").resolve("q.safetensors"));
        return new LoadQuantized()
                .run(new LoadQuantized.Inputs("q.safetensors"), demo.context())
                .model();
    }

    private void assertSameVideo(DiffusionModel loaded, DiffusionModel model) throws Exception {
        assertThat(demo.sample(loaded).latent().samples().toFloatArray())
                .isEqualTo(demo.sample(model).latent().samples().toFloatArray());
    }

    @Test
    void aModelWithCalibratedWeightsAndBranchesComesBackAsItWas() throws Exception {
        DiffusionModel calibrated = new SelfCalibration()
                .run(
                        new SelfCalibration.Inputs(demo.model(), demo.clip(), demo.latent(), "", 1, 2, 1, 5),
                        demo.context())
                .model();
        DiffusionModel model = new SelfCalibratedQuantize()
                .run(new SelfCalibratedQuantize.Inputs(calibrated, 4, 8, 4, "blocks.[1-9]"), demo.context())
                .model();

        DiffusionModel loaded = savedAndLoaded(model);

        QuantizedWeights weights =
                ModelAssembly.weights(loaded, demo.context()).quantized().orElseThrow();
        assertThat(weights.branches().byLayer().sequencedKeySet())
                .isEqualTo(weights.matrices().sequencedKeySet());
        assertThat(loaded.plan()).isEqualTo(model.plan());
        assertSameVideo(loaded, model);
    }

    @Test
    void anEstimateOfTheErrorIsSavedWithTheCodes() throws Exception {
        DiffusionModel plain = demo.arq(demo.bgr(demo.model(), 3), ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX);
        DiffusionModel estimated = new EstimateError()
                .run(
                        new EstimateError.Inputs(
                                plain,
                                demo.prompt("a small blue ring"),
                                Optional.empty(),
                                demo.latent(),
                                1,
                                3,
                                1,
                                3,
                                EstimateError.FrameFactors.SOLVED,
                                24,
                                0.01,
                                7),
                        demo.context())
                .model();

        DiffusionModel loaded = savedAndLoaded(estimated);

        assertSameVideo(loaded, estimated);
        assertThat(demo.sample(loaded).latent().samples().toFloatArray())
                .isNotEqualTo(demo.sample(plain).latent().samples().toFloatArray());
    }
}
