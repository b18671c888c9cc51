package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every family keeps to.
class TransformerFamiliesTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<TinyTransformer> transformers() {
        return TinyTransformer.besidesWan();
    }

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void everyTensorIsTakenExactlyOnce(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        Map<String, Integer> reads = new HashMap<>();
        var counting = new TinyTransformer.CountingCheckpoint(checkpoint, reads);

        checkpoint.architecture().graphs(counting, new FloatLinears(new FloatWeights(counting)), Dialect.STANDARD);

        assertThat(reads.keySet()).isEqualTo(checkpoint.names());
        assertThat(reads.values()).containsOnly(1);
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void theBlockLinearsAreThoseThatAQuantizationEmits(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        List<String> emitted = new ArrayList<>();
        List<String> modulations = new ArrayList<>();
        LinearLayers floats = new FloatLinears(new FloatWeights(checkpoint));
        LinearLayers listening = new LinearLayers() {
            @Override
            public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
                return floats.prepare(graph, x, layers);
            }

            @Override
            public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
                emitted.add(layer);
                return floats.apply(graph, input, layer);
            }

            @Override
            public Value operand(Input input, String layer) {
                return floats.operand(input, layer);
            }

            @Override
            public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
                modulations.add(layer);
                return floats.modulation(graph, x, layer);
            }
        };

        checkpoint.architecture().graphs(checkpoint, listening, Dialect.STANDARD);

        assertThat(emitted).doesNotHaveDuplicates();
        assertThat(emitted).containsExactlyInAnyOrderElementsOf(checkpoint.blockLinears());
        assertThat(modulations)
                .containsExactlyInAnyOrderElementsOf(checkpoint.architecture().modulationLinears())
                .doesNotContainAnyElementsOf(emitted);
    }

    /// Each graph with the outputs of those before it.
    @ParameterizedTest
    @MethodSource("transformers")
    void bothDialectsComputeTheSame(TinyTransformer tiny) {
        Map<String, Tensor> standard = outputs(tiny, Dialect.STANDARD);
        Map<String, Tensor> fused = outputs(tiny, Dialect.ONNX_RUNTIME);

        assertThat(fused).containsOnlyKeys(standard.keySet()).containsKey(SplitGraphs.PREDICTION);
        standard.forEach((name, tensor) -> assertThat(LatentMetrics.relativeL2(Pools.required(fused, name), tensor))
                .as(name)
                .isLessThan(1e-5));
    }

    private static Map<String, Tensor> outputs(TinyTransformer tiny, Dialect dialect) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        SplitGraphs graphs = checkpoint.graphs(
                new FloatLinears(new FloatWeights(checkpoint)), new TransformerCheckpoint.Options(dialect, Set.of()));
        TransformerArchitecture architecture = checkpoint.architecture();
        BranchConditioning conditioning = tiny.conditioning(12, 5);
        TransformerFacts.Latent facts = checkpoint.facts().latent();
        Tensor latent = LatentPadding.pad(tiny.latent(), facts.patch());
        Map<String, Tensor> inputs = new HashMap<>(architecture.conditioningInputs(conditioning));
        inputs.putAll(architecture.stepInputs(
                facts.inChannels() == facts.channels() ? latent : withoutImage(latent, facts), 600, conditioning));
        inputs.putAll(architecture.nextStepInputs(300));
        inputs.putAll(architecture.positionInputs(LatentSize.of(latent), conditioning));
        Map<String, Tensor> outputs = new HashMap<>();
        for (OnnxModel model : graphs.all()) {
            if (dialect == Dialect.STANDARD) {
                assertThat(model.proto().getGraph().getNodeList())
                        .extracting(NodeProto::getDomain)
                        .containsOnly("");
            }
            try (Session session = ENGINE.open(model)) {
                Map<String, Tensor> taken = new HashMap<>();
                for (String name : session.inputs()) {
                    taken.put(name, outputs.containsKey(name) ? outputs.get(name) : inputs.get(name));
                }
                outputs.putAll(session.run(taken, NONE));
            }
        }
        return outputs;
    }

    private static Tensor withoutImage(Tensor latent, TransformerFacts.Latent facts) {
        long[] dims = latent.shape().toArray();
        dims[1] = facts.inChannels() - facts.channels();
        return LatentPadding.concatenated(latent, Tensor.zeros(DType.F32, Shape.of(dims)));
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void eightBitsStayCloseToFullPrecision(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizationPlan plan = QuantizationPlan.MIN_MAX
                .withWeights(new WeightQuantizer.MinMax(), 8)
                .withActivations(new RotationPlan.None(), new ActivationQuantizer.TokenAsymmetric());
        QuantizedWeights weights =
                QuantizedWeights.of(checkpoint, plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE);
        Tensor exact = tiny.prediction(ENGINE, new FloatLinears(new FloatWeights(checkpoint)));
        Tensor quantized = tiny.prediction(ENGINE, QuantizedLinears.of(weights, Arithmetic.FAKE_QUANT));

        assertThat(LatentMetrics.relativeL2(quantized, exact)).isBetween(1e-5, 0.03);
    }
}
