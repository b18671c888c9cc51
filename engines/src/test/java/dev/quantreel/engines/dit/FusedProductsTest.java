package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Which linears go through the fused operators; what they compute is held by [QuantizedLinearsTest].
class FusedProductsTest {

    private static final int CHANNELS = 256;
    private static final WeightPlan FOUR = new WeightPlan(new WeightQuantizer.Pbq(), 4);
    private static final WeightPlan GROUPS = new WeightPlan(new WeightQuantizer.Pbq(), 4, new Granularity.PerGroup(64));
    private static final RotationPlan ROTATION = new RotationPlan.Hadamard(256, 11);

    private static OnnxModel model(RotationPlan rotation, ActivationQuantizer mode, WeightPlan weight) {
        QuantizationPlan plan = new QuantizationPlan(weight, new InputPlan(rotation, mode), LayerRule.ALL);
        QuantizedWeights weights = QuantizedWeights.of(
                SyntheticData.linears(48, CHANNELS, "q", "k"),
                plan,
                List.of("q", "k"),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.FUSED);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linears");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        LinearLayers.Input input = linears.prepare(graph, x, List.of("q", "k"));
        for (String layer : List.of("q", "k")) {
            graph.output(
                    layer + ".y",
                    linears.apply(graph, input, layer),
                    DType.F32,
                    Dim.of(1),
                    Dim.of("tokens"),
                    Dim.of(48));
        }
        return graph.build(Map.of());
    }

    private static List<String> operators(RotationPlan rotation, ActivationQuantizer mode, WeightPlan weight) {
        return model(rotation, mode, weight).proto().getGraph().getNodeList().stream()
                .map(NodeProto::getOpType)
                .toList();
    }

    @Test
    void layersThatShareAnInputShareItsQuantizationAndEachIsOneProduct() {
        assertThat(operators(ROTATION, new ActivationQuantizer.Auto(), FOUR))
                .containsExactly("RotateQuantize", "LowBitMatMul", "Identity", "LowBitMatMul", "Identity");
    }

    @Test
    void theModelSaysThatItHasOperatorsOfOurOwn() {
        assertThat(model(ROTATION, new ActivationQuantizer.Token(), FOUR)
                        .proto()
                        .getOpsetImportList())
                .extracting(OperatorSetIdProto::getDomain)
                .contains("quantreel");
        assertThat(model(ROTATION, new ActivationQuantizer.TokenAsymmetric(), FOUR)
                        .proto()
                        .getOpsetImportList())
                .extracting(OperatorSetIdProto::getDomain)
                .doesNotContain("quantreel");
    }

    @Test
    void whatTheOperatorsDoNotHaveStaysInThoseOfOnnx() {
        assertThat(operators(ROTATION, new ActivationQuantizer.TokenAsymmetric(), FOUR))
                .contains("MatMulInteger")
                .doesNotContain("LowBitMatMul", "RotateQuantize");
        assertThat(operators(ROTATION, new ActivationQuantizer.Token(), GROUPS))
                .contains("MatMul")
                .doesNotContain("LowBitMatMul", "RotateQuantize");
        assertThat(operators(new RotationPlan.Permuted(3), new ActivationQuantizer.Token(), FOUR))
                .contains("Gather")
                .doesNotContain("LowBitMatMul", "RotateQuantize");
        assertThat(operators(ROTATION, new ActivationQuantizer.FullPrecision(), FOUR))
                .contains("MatMul")
                .doesNotContain("LowBitMatMul", "RotateQuantize");
    }
}
