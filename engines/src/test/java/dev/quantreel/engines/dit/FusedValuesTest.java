package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LayerSqnr;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.rotation.ValuePath;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FusedValuesTest {

    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<TinyTransformer> transformers() {
        return Stream.of(
                new TinyTransformer("hunyuan_video_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2),
                new TinyTransformer("wan_t2v_diffusers.safetensors", 3));
    }

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    private static QuantizationPlan plan(TransformerCheckpoint checkpoint, boolean fused) {
        int headDim = checkpoint.architecture().valuePaths().getFirst().headDim();
        RotationPlan rotation = new RotationPlan.Hadamard(Integer.lowestOneBit(headDim), 4);
        InputPlan input = new InputPlan(rotation, new ActivationQuantizer.Token());
        return new QuantizationPlan(
                new WeightPlan(new WeightQuantizer.MinMax(), 8), input.withFusedValues(fused), LayerRule.ALL);
    }

    private static QuantizedWeights quantized(TransformerCheckpoint checkpoint, QuantizationPlan plan) {
        return QuantizedWeights.of(
                checkpoint.asPlanned(plan),
                plan,
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
    }

    /// Every tensor as the plan has it, outputs rotated on their input side: a model of its own in full precision.
    private static Checkpoint fullPrecision(TransformerCheckpoint checkpoint, QuantizationPlan plan) {
        Checkpoint fused = checkpoint.asPlanned(plan);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        fused.names().forEach(name -> tensors.put(name, fused.tensor(name)));
        for (ValuePath path : checkpoint.architecture().valuePaths()) {
            for (String output : path.outputs()) {
                tensors.computeIfPresent(output + ".weight", (name, weight) -> rotated(weight, plan.rotation()));
            }
        }
        return new MemoryCheckpoint("fused", tensors, Map.of());
    }

    private static Tensor rotated(Tensor weight, RotationPlan plan) {
        int columns = Math.toIntExact(weight.shape().dim(1));
        Rotation rotation = plan.at(columns).orElseThrow();
        float[] values = weight.toFloatArray();
        float[] row = new float[columns];
        for (int from = 0; from < values.length; from += columns) {
            System.arraycopy(values, from, row, 0, columns);
            rotation.apply(row);
            System.arraycopy(row, 0, values, from, columns);
        }
        return Tensor.of(weight.shape(), values);
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void inFullPrecisionTheModelStaysTheSame(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        Checkpoint fused = fullPrecision(checkpoint, plan(checkpoint, true));
        String value =
                checkpoint.architecture().valuePaths().getFirst().values().getFirst();
        assertThat(fused.tensor(value + ".weight").toFloatArray())
                .isNotEqualTo(
                        new FloatWeights(checkpoint).tensor(value + ".weight").toFloatArray());

        Tensor exact = tiny.prediction(ENGINE, new FloatLinears(new FloatWeights(checkpoint)));
        Tensor actual = tiny.prediction(ENGINE, new FloatLinears(new FloatWeights(fused)));

        assertThat(LatentMetrics.relativeL2(actual, exact)).isLessThan(2e-6);
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void quantizedItRotatesLessAndStaysAsClose(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        Tensor exact = tiny.prediction(ENGINE, new FloatLinears(new FloatWeights(checkpoint)));
        double[] errors = new double[2];
        long[] products = new long[2];
        for (int i = 0; i < 2; i++) {
            QuantizedWeights weights = quantized(checkpoint, plan(checkpoint, i == 1));
            QuantizedLinears linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
            errors[i] = LatentMetrics.relativeL2(tiny.prediction(ENGINE, linears), exact);
            products[i] = checkpoint.graphs(linears, TransformerCheckpoint.Options.DEFAULTS).all().stream()
                    .mapToLong(FusedValuesTest::floatProducts)
                    .sum();
        }
        int outputs = checkpoint.architecture().valuePaths().stream()
                .mapToInt(path -> path.outputs().size())
                .sum();
        // Blocks of a head of up to 64 channels are one product each.
        assertThat(products[1]).isEqualTo(products[0] - outputs);
        assertThat(errors[1]).isBetween(errors[0] / 1.5, errors[0] * 1.5);
    }

    private static long floatProducts(OnnxModel model) {
        return model.proto().getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals("MatMul"))
                .count();
    }

    /// Inputs that arrive rotated keep their means, so their report is that of a plan that splits none; all others'
    /// report has the means split off, as the graph has.
    @Test
    void reportsSplitMeansOnlyWhereTheGraphDoes() {
        TransformerCheckpoint checkpoint = transformers().toList().getLast().checkpoint();
        QuantizationPlan fused = plan(checkpoint, true);
        QuantizationPlan split = fused.withInputs(fused.input().withMeanSplit(true));
        ValuePath path = checkpoint.architecture().valuePaths().getFirst();

        String output = path.outputs().getFirst();
        assertThat(sqnr(checkpoint, split, output)).isEqualTo(sqnr(checkpoint, fused, output));
        String value = path.values().getFirst();
        assertThat(sqnr(checkpoint, split, value).both())
                .isGreaterThan(sqnr(checkpoint, fused, value).both() + 3);
    }

    /// Of tokens with a large mean.
    private static LayerSqnr sqnr(TransformerCheckpoint checkpoint, QuantizationPlan plan, String layer) {
        int width = Math.toIntExact(checkpoint.shape(layer + ".weight").dim(1));
        Random random = new Random(3);
        float[] tokens = new float[20 * width];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = 20 + (float) random.nextGaussian();
        }
        return LayerSqnr.of(
                quantized(checkpoint, plan),
                layer,
                ActivationMatrix.of(width, tokens),
                4,
                RowTasks.parallel(CancellationToken.NONE));
    }

    @Test
    void pathsAreFusedOnlyWhereEveryReaderIsQuantized() {
        TransformerCheckpoint checkpoint =
                transformers().findFirst().orElseThrow().checkpoint();
        QuantizationPlan kept = plan(checkpoint, true).withLayers(new LayerRule("txt_attn.proj"));
        Tensor exact = checkpoint.tensor("double_blocks.0.img_attn.v.weight");

        assertThat(checkpoint
                        .asPlanned(kept)
                        .tensor("double_blocks.0.img_attn.v.weight")
                        .toFloatArray())
                .isEqualTo(exact.toFloatArray());
        assertThat(checkpoint
                        .asPlanned(kept)
                        .tensor("single_blocks.0.linear1.v.weight")
                        .toFloatArray())
                .isNotEqualTo(
                        checkpoint.tensor("single_blocks.0.linear1.v.weight").toFloatArray());
    }

    @Test
    void rotationsBeyondAHeadAndFamiliesWithoutPathsAreRefused() {
        TransformerCheckpoint hunyuan = transformers().findFirst().orElseThrow().checkpoint();
        QuantizationPlan plan = plan(hunyuan, true);
        for (RotationPlan wide : List.of(new RotationPlan.Full(0), new RotationPlan.Permuted(0))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> hunyuan.asPlanned(plan.withActivations(wide, new ActivationQuantizer.Token())))
                    .withMessageContaining("heads");
        }
        TransformerCheckpoint latte = new TinyTransformer("latte_diffusers.safetensors", 3).checkpoint();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> latte.asPlanned(plan))
                .withMessageContaining("no attention");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plan.withActivations(new RotationPlan.None(), new ActivationQuantizer.Token()))
                .withMessageContaining("within heads");
    }
}
