package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuantizedWeightsTest {

    private static final List<String> LAYERS = List.of("q", "k", "ffn.0");

    private static QuantizedWeights quantize(QuantizationPlan plan) {
        Checkpoint checkpoint = SyntheticData.linears(32, 128, "q", "k", "ffn.0", "head");
        return QuantizedWeights.of(checkpoint, plan, LAYERS, QuantizationProgress.NONE, CancellationToken.NONE);
    }

    @Test
    void theOrderOfRefiningAPlanDoesNotMatter() {
        RotationPlan rotation = new RotationPlan.Hadamard(64, 3);
        ActivationQuantizer auto = new ActivationQuantizer.Auto();
        QuantizationPlan weightsFirst = QuantizationPlan.MIN_MAX
                .withWeights(new WeightQuantizer.Bgr(), 4)
                .withActivations(rotation, auto);
        QuantizationPlan activationsFirst =
                QuantizationPlan.MIN_MAX.withActivations(rotation, auto).withWeights(new WeightQuantizer.Bgr(), 4);
        assertThat(weightsFirst).isEqualTo(activationsFirst).hasToString(activationsFirst.toString());
        for (String layer : LAYERS) {
            QuantizedMatrix a = quantize(weightsFirst).matrix(layer).orElseThrow();
            QuantizedMatrix b = quantize(activationsFirst).matrix(layer).orElseThrow();
            assertThat(a.codes().data().mismatch(b.codes().data())).isEqualTo(-1);
        }
    }

    @Test
    void weightsAreQuantizedAfterRotation() {
        QuantizedWeights weights = quantize(QuantizationPlan.DVD_QUANT);
        QuantizedMatrix matrix = weights.matrix("q").orElseThrow();
        float[] expected = new float[128];
        WeightMatrix.of("q", weights.checkpoint().tensor("q.weight")).readRow(5, expected);
        weights.rotation(matrix).orElseThrow().apply(expected);
        float[] actual = new float[128];
        matrix.dequantizeRow(5, actual);
        for (int j = 0; j < 128; j++) {
            assertThat(actual[j]).isCloseTo(expected[j], within(4 * matrix.step(5)));
        }
        double noise = 0;
        double signal = 0;
        for (int j = 0; j < 128; j++) {
            noise += Math.pow(actual[j] - expected[j], 2);
            signal += expected[j] * expected[j];
        }
        assertThat(noise / signal).isLessThan(0.02);
    }

    @Test
    void keptLayersAreLeftOutAndMemoryCountsEverything() {
        QuantizedWeights weights = quantize(QuantizationPlan.DVD_QUANT.withLayers(new LayerRule("ffn")));
        assertThat(weights.matrices().sequencedKeySet()).containsExactly("q", "k");
        WeightMemory memory = weights.memory();
        assertThat(memory.originalBytes()).isEqualTo(4L * (32 * 128 + 32) * 2);
        assertThat(memory.quantizedBytes()).isEqualTo(2L * (32 * 128 / 2 + 32 * 4 + 32));
        assertThat(memory.keptBytes()).isEqualTo(2L * (32 * 128 + 32) * 2 + 2L * 32 * 2);
        assertThat(memory.ratio()).isCloseTo((double) memory.originalBytes() / memory.bytes(), within(1e-12));
    }

    @Test
    void progressNamesEveryLayerOnce() {
        List<String> heard = new ArrayList<>();
        QuantizedWeights.of(
                SyntheticData.linears(32, 128, "q", "k", "ffn.0"),
                QuantizationPlan.DVD_QUANT,
                LAYERS,
                (layer, done, total) -> heard.add(layer + " " + done + "/" + total),
                CancellationToken.NONE);
        assertThat(heard).containsExactly("q 1/3", "k 2/3", "ffn.0 3/3");
    }

    @Test
    void sqnrSeparatesWeightAndActivationErrors() {
        QuantizedWeights weights = quantize(QuantizationPlan.DVD_QUANT);
        ActivationMatrix x = ActivationMatrix.of(128, SyntheticData.gaussian(64 * 128, 1, 4));
        RowTasks tasks = RowTasks.parallel(CancellationToken.NONE);
        LayerSqnr four = LayerSqnr.of(weights, "q", x, 4, tasks);
        LayerSqnr eight = LayerSqnr.of(weights, "q", x, 8, tasks);
        assertThat(four.weightOnly()).isEqualTo(eight.weightOnly()).isBetween(17.0, 24.0);
        assertThat(four.activationOnly()).isBetween(17.0, 24.0);
        assertThat(eight.activationOnly()).isGreaterThan(36);
        assertThat(four.both()).isLessThan(Math.min(four.weightOnly(), four.activationOnly()));
        assertThat(eight.both()).isCloseTo(eight.weightOnly(), within(0.2));
    }

    @Test
    void badPlansNameTheValueAndWhatIsAccepted() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.Bgr(), 1))
                .withMessageContaining("weight bits is 1; 2 to 8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LayerRule("(ffn"))
                .withMessageContaining("(ffn")
                .withMessageContaining("regular expression");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RotationPlan.Hadamard(100, 0))
                .withMessageContaining("100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ActivationQuantizer.Block(4))
                .withMessageContaining("block size is 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ActivationQuantizer.maxCode(16))
                .withMessageContaining("16; 2 to 8");
        QuantizedWeights weights = quantize(QuantizationPlan.MIN_MAX);
        ActivationMatrix x = ActivationMatrix.of(2, 1, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LayerSqnr.of(weights, "nothing", x, 4, RowTasks.parallel(CancellationToken.NONE)))
                .withMessageContaining("nothing");
    }
}
