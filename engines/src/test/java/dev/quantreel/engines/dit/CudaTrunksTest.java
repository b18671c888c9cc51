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
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole transformers of every family on the CUDA engine's real kernels (host simulator), beside ONNX Runtime.
class CudaTrunksTest {

    /// Attention in BF16.
    private static final double OF_BF16 = 8e-3;

    /// Codes that rounded the other way behind attention in BF16.
    private static final double OF_CODES = 2.5e-2;

    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static HostSimulator simulator;
    private static Engine cuda;

    static Stream<TinyTransformer> transformers() {
        return PlannedTrunksTest.transformers();
    }

    @BeforeAll
    static void open() {
        simulator = HostSimulator.start();
        cuda = SimulatedEngine.open("attention=bf16");
    }

    @AfterAll
    static void close() {
        ORT.close();
        cuda.close();
        simulator.close();
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void inFullPrecisionItStaysWithinTheRoundingOfAttention(TinyTransformer tiny) {
        LinearLayers floats = new FloatLinears(new FloatWeights(tiny.checkpoint()));

        Tensor actual = tiny.prediction(cuda, floats);

        assertThat(LatentMetrics.relativeL2(actual, tiny.prediction(ORT, floats)))
                .isLessThan(OF_BF16);
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void quantizedItStaysWithinTheRoundingOfAttentionAndCodes(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint,
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);

        Tensor actual = tiny.prediction(cuda, QuantizedLinears.of(weights, Arithmetic.FUSED));

        Tensor expected = tiny.prediction(ORT, QuantizedLinears.of(weights, Arithmetic.INTEGER));
        assertThat(LatentMetrics.relativeL2(actual, expected)).isLessThan(OF_CODES);
    }
}
