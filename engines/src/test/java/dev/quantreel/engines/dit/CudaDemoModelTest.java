package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The demo model's whole transformer, quantized, on the CUDA engine's kernels (host simulator) beside the CPU.
class CudaDemoModelTest {

    private static final Path FILE =
            Path.of("..", "workflows", "demo-models", "diffusion_models", "quantreel_demo_dit_bf16.safetensors");

    /// Attention in BF16, and codes of 8 bits that it turns.
    private static final double BOUND = 5e-2;

    private static Tensor[] predictions(Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            TransformerFacts facts = checkpoint.facts();
            Shape text = Shape.of(1, 16, facts.text().width());
            SplitModel model = transformer.bind(TorchNoise.gaussian(1, text), TorchNoise.gaussian(2, text));
            Tensor latent = TorchNoise.gaussian(3, Shape.of(1, facts.latent().channels(), 2, 6, 6));
            Tensor[] outputs = new Tensor[3];
            int[] bits = {8, 4, 8};
            for (int i = 0; i < bits.length; i++) {
                SplitModel.Prelude prelude = model.prelude(latent, 700, Branch.CONDITIONAL, CancellationToken.NONE);
                Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, bits[i], CancellationToken.NONE);
                outputs[i] = model.head(prelude, tokens, CancellationToken.NONE);
            }
            return outputs;
        }
    }

    @Test
    void bothWidthsOfActivationsGiveThePredictionOfTheCpuFromOneSetOfWeights() {
        try (SafetensorsFile file = SafetensorsFile.open(FILE);
                HostSimulator simulator = HostSimulator.start();
                CudaEngine cuda = SimulatedEngine.open("attention=bf16 offload=never");
                Engine ort = new OrtEngineProvider().create(new EngineOptions(1))) {
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            QuantizedWeights weights = QuantizedWeights.of(
                    checkpoint,
                    QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                    checkpoint.blockLinears(),
                    QuantizationProgress.NONE,
                    CancellationToken.NONE);
            assertThat(simulator.context().memory().freeBytes()).isPositive();

            Tensor[] actual = predictions(cuda, checkpoint, QuantizedLinears.of(weights, Arithmetic.FUSED));
            Tensor[] expected = predictions(ort, checkpoint, QuantizedLinears.of(weights, Arithmetic.INTEGER));

            assertThat(LatentMetrics.relativeL2(actual[0], expected[0])).isLessThan(BOUND);
            // Steps of four bits are so coarse that attention in BF16 turns codes, which turn others behind them: what
            // holds is that the result is as far from full precision as the CPU's.
            Tensor exact = predictions(ort, checkpoint, new FloatLinears(new FloatWeights(checkpoint)))[1];
            double error = LatentMetrics.relativeL2(expected[1], exact);
            assertThat(LatentMetrics.relativeL2(actual[1], exact)).isBetween(0.8 * error, 1.2 * error);
            assertThat(actual[2].data().mismatch(actual[0].data())).isEqualTo(-1);
        }
    }
}
