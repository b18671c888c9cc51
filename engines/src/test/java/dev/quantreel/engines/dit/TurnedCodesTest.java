package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.plan.PlanEngine;
import dev.quantreel.engines.runtime.cuda.plan.PlanInterpreter.Options;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Why the demo model differs between engines as soon as one of them rounds anything differently: codes turn, and turn
/// others behind them. The figures are in ADR 0046.
class TurnedCodesTest {

    private static final System.Logger LOG = System.getLogger(TurnedCodesTest.class.getName());

    private static final Path FILE =
            Path.of("..", "workflows", "demo-models", "diffusion_models", "quantreel_demo_dit_bf16.safetensors");

    private static final Options ATTENTION_IN_BF16 =
            Options.FUSED.withRounding(step -> step.op() == OnnxOp.MultiHeadAttention);

    /// Those that round something, by what it is.
    private static Map<String, Engine> engines() {
        Map<String, Engine> engines = new LinkedHashMap<>();
        engines.put("attention's result in BF16", new PlanEngine(ATTENTION_IN_BF16));
        engines.put("BF16 between kernels", new PlanEngine(Options.NARROW));
        for (String settings : List.of("attention=bf16 activations=f32", "attention=bf16", "attention=s8")) {
            engines.put("kernels, " + settings, SimulatedEngine.open(settings));
        }
        return engines;
    }

    private static Tensor prediction(
            Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears, int bits, float factor) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            TransformerFacts facts = checkpoint.facts();
            Shape text = Shape.of(1, 16, facts.text().width());
            SplitModel model = transformer.bind(TorchNoise.gaussian(1, text), TorchNoise.gaussian(2, text));
            float[] latent = TorchNoise.gaussian(3, Shape.of(1, facts.latent().channels(), 2, 6, 6))
                    .toFloatArray();
            for (int i = 0; i < latent.length; i++) {
                latent[i] *= factor;
            }
            Tensor scaled = Tensor.of(Shape.of(1, facts.latent().channels(), 2, 6, 6), latent);
            SplitModel.Prelude prelude = model.prelude(scaled, 700, Branch.CONDITIONAL, CancellationToken.NONE);
            return model.head(
                    prelude,
                    model.trunk(prelude, Branch.CONDITIONAL, bits, CancellationToken.NONE),
                    CancellationToken.NONE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 4})
    void aHundredThousandthOfTheLatentMovesTheCpusResultAsMuchAsAnyRoundingOfAnEngine(int bits) {
        try (SafetensorsFile file = SafetensorsFile.open(FILE);
                HostSimulator simulator = HostSimulator.start();
                Engine ort = new OrtEngineProvider().create(new EngineOptions(1))) {
            assertThat(simulator.context().memory().freeBytes()).isPositive();
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            QuantizedWeights weights = QuantizedWeights.of(
                    checkpoint,
                    QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                    checkpoint.blockLinears(),
                    QuantizationProgress.NONE,
                    CancellationToken.NONE);
            LinearLayers integer = QuantizedLinears.of(weights, Arithmetic.INTEGER);
            LinearLayers fused = QuantizedLinears.of(weights, Arithmetic.FUSED);
            Tensor cpu = prediction(ort, checkpoint, integer, bits, 1);

            double moved = LatentMetrics.relativeL2(prediction(ort, checkpoint, integer, bits, 1.00001f), cpu);
            LOG.log(Level.INFO, "{0} bits, the CPU itself, latent times 1.00001: {1}", bits, moved);
            assertThat(moved).isGreaterThan(bits == 4 ? 0.1 : 0.01);
            Engine joined = new PlanEngine(Options.FUSED);
            assertThat(LatentMetrics.relativeL2(prediction(joined, checkpoint, fused, bits, 1), cpu))
                    .as("a plan of joined steps in F32")
                    .isLessThan(1e-5);
            engines().forEach((name, engine) -> {
                double distance = LatentMetrics.relativeL2(prediction(engine, checkpoint, fused, bits, 1), cpu);
                engine.close();
                LOG.log(Level.INFO, "{0} bits, {1}: {2}", bits, name, distance);
                assertThat(distance).as(name).isBetween(moved / 2, moved * 2);
            });
        }
    }
}
