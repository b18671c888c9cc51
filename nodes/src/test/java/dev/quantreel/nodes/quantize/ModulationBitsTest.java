package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.WeightQuantizer;
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
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the bits of Wan's time projection cost, which makes the modulation of all blocks.
class ModulationBitsTest {

    private static final int[] SEEDS = {3, 11, 29};

    private final DemoPipeline demo;

    ModulationBitsTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel w4a8(LayerRule rule) throws Exception {
        DiffusionModel weights = demo.model().with(new DiffusionModel.Weights(new WeightQuantizer.Bgr(), 4, rule));
        return demo.arq(weights, ARQActivation.Mode.AUTO, ARQActivation.Bits.EIGHT);
    }

    private SplitModel bound(DiffusionModel model, BranchConditioning text) throws Exception {
        return ModelAssembly.transformer(model, Guidance.Passes.SERIAL, demo.context())
                .bind(text, text);
    }

    /// Teacher-forced, of one conditional pass, mean over some noises.
    private double error(DiffusionModel model) throws Exception {
        BranchConditioning text = new PaddedText(model.facts(), demo.context())
                .of("positive", demo.prompt("a large red circle moving right on a navy background"));
        SamplerSettings settings = new SamplerSettings(8, 1, new SigmaSchedule.Linear(3));
        double sum = 0;
        for (int seed : SEEDS) {
            Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
            new FlowSampler(bound(demo.model(), text), settings, new Constant(8), new StepCache.None())
                    .sample(
                            TorchNoise.gaussian(seed, demo.latent().samples().shape()),
                            recorder,
                            CancellationToken.NONE);
            sum += recorder.trajectory(settings)
                    .deviationOf(bound(model, text), new Constant(8), CancellationToken.NONE)
                    .meanRelativeL2();
        }
        return sum / SEEDS.length;
    }

    @Test
    void eightBitsCostNothingWorthNaming() throws Exception {
        double kept = error(w4a8(new LayerRule("^time_projection")));

        assertThat(error(w4a8(LayerRule.ALL))).isCloseTo(kept, withPercentage(1));
    }
}
