package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.sampling.PaddedText;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EstimateErrorTest {

    private final DemoPipeline demo;

    EstimateErrorTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private EstimateError.Outputs estimate(DiffusionModel model, double cfg) throws Exception {
        return new EstimateError()
                .run(
                        new EstimateError.Inputs(
                                model,
                                new WatchedVideos(
                                        demo.prompt("a small blue ring moving up on a gray background"),
                                        Optional.empty(),
                                        demo.latent(),
                                        6,
                                        cfg,
                                        3,
                                        7),
                                2,
                                EstimateError.FrameFactors.SOLVED,
                                24,
                                0.01),
                        demo.context());
    }

    private DiffusionModel w3a6() throws Exception {
        return demo.arq(demo.bgr(demo.model(), 3), ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX);
    }

    /// Teacher-forced, of one conditional pass: free running carries more chance than the estimate brings.
    private double error(DiffusionModel model) throws Exception {
        BranchConditioning text = new PaddedText(model.facts(), demo.context())
                .of("positive", demo.prompt("a large red circle moving right on a navy background"));
        SamplerSettings settings = new SamplerSettings(8, 1, new SigmaSchedule.Linear(3));
        SplitModel full = bound(demo.model(), text);
        Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
        new FlowSampler(full, settings, new Constant(8), new StepCache.None())
                .sample(TorchNoise.gaussian(3, demo.latent().samples().shape()), recorder, CancellationToken.NONE);
        return recorder.trajectory(settings)
                .deviationOf(bound(model, text), new Constant(6), CancellationToken.NONE)
                .meanRelativeL2();
    }

    private SplitModel bound(DiffusionModel model, BranchConditioning text) throws Exception {
        return ModelAssembly.transformer(model, Guidance.Passes.SERIAL, demo.context())
                .bind(text, text);
    }

    @Test
    void branchesOfRankOneLowerTheErrorOnAnotherPromptAndNoise() throws Exception {
        DiffusionModel plain = w3a6();
        EstimateError.Outputs out = estimate(plain, 1);

        assertThat(error(out.model())).isLessThan(0.95 * error(plain));

        ModelAssembly.Weights weights = ModelAssembly.weights(out.model(), demo.context());
        assertThat(weights.lease().branches().byLayer()).isNotEmpty().allSatisfy((layer, branches) -> {
            assertThat(branches).singleElement().satisfies(branch -> assertThat(branch.rank())
                    .isEqualTo(1));
            boolean readsText = layer.endsWith("cross_attn.k") || layer.endsWith("cross_attn.v");
            assertThat(branches.getFirst().frames().factors()).hasSize(readsText ? 0 : 4);
        });
        assertThat(weights.quantized().orElseThrow().matrices())
                .isEqualTo(ModelAssembly.weights(plain, demo.context())
                        .quantized()
                        .orElseThrow()
                        .matrices());
        assertThat(out.report()).contains("blocks.0.self_attn.q", "of 40 layers have a branch");
    }

    @Test
    void aModelThatIsQuantizedOtherwiseAfterwardsIsRefused() throws Exception {
        DiffusionModel estimated = estimate(w3a6(), 1).model();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> ModelAssembly.weights(demo.bgr(estimated, 4), demo.context()))
                .withMessageContaining("goes behind all nodes")
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"));
    }

    @Test
    void fullPrecisionAndMissingNegativeAreRefusedByPort() throws Exception {
        DiffusionModel full = demo.model();
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> estimate(full, 1))
                .withMessageContaining("full precision");
        DiffusionModel quantized = w3a6();
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> estimate(quantized, 4))
                .satisfies(e -> assertThat(e.port()).isEqualTo("negative"));
    }
}
