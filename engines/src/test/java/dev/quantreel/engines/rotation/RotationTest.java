package dev.quantreel.engines.rotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RotationTest {

    private static float[] gaussian(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double dot(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (double) a[i] * b[i])
                .sum();
    }

    static IntStream orders() {
        return IntStream.concat(
                IntStream.of(1, 2, 4, 16, 64), HadamardMatrix.FACTORS.stream().mapToInt(Integer::intValue));
    }

    @ParameterizedTest
    @MethodSource("orders")
    void rowsAreSignsAndOrthogonal(int order) {
        HadamardMatrix matrix = HadamardMatrix.of(order);
        for (int i = 0; i < order; i++) {
            for (int j = 0; j <= i; j++) {
                int product = 0;
                for (int k = 0; k < order; k++) {
                    assertThat(Math.abs(matrix.entry(i, k))).isEqualTo(1);
                    product += matrix.entry(i, k) * matrix.entry(j, k);
                }
                assertThat(product).as("rows %s and %s", i, j).isEqualTo(i == j ? order : 0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 6, 52, 156, 172})
    void unknownOrdersAreRefused(int order) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HadamardMatrix.of(order))
                .withMessageContaining(String.valueOf(order));
    }

    @ParameterizedTest(name = "width {0}, block {1} becomes {2}")
    @CsvSource({
        "3072, 256, 256",
        "1536, 256, 256",
        "8960, 256, 256",
        "5120, 256, 256",
        "13824, 256, 256",
        "1152, 256, 128",
        "1920, 256, 128",
        "96, 256, 32",
        "384, 64, 64",
        "3072, 3072, 3072",
        "8960, 8960, 8960",
        "13824, 13824, 13824",
        "15360, 15360, 15360",
        "1920, 1920, 1920",
        "14336, 14336, 14336"
    })
    void theLargestLegalBlockIsUsedAndInnerProductsAreKept(int width, int asked, int block) {
        Rotation rotation = Rotation.of(width, asked, 42);
        assertThat(rotation.blockSize()).isEqualTo(block);
        float[] x = gaussian(width, 1);
        float[] w = gaussian(width, 2);
        double before = dot(x, w);
        float[] original = x.clone();
        rotation.apply(x);
        rotation.apply(w);
        assertThat(dot(x, w)).isCloseTo(before, within(1e-4 * Math.sqrt(width)));
        assertThat(x).isNotEqualTo(original);
        rotation.applyInverse(x);
        for (int i = 0; i < width; i++) {
            assertThat(x[i]).isCloseTo(original[i], within(1e-5f));
        }
    }

    @Test
    void aSpikeAndAConstantAreSpreadOverTheirBlock() {
        Rotation rotation = Rotation.of(512, 256, 7);
        float[] spike = new float[512];
        spike[300] = 16;
        rotation.apply(spike);
        for (int i = 0; i < 512; i++) {
            assertThat(Math.abs(spike[i])).isCloseTo(i < 256 ? 0 : 1, within(1e-6f));
        }
        float[] constant = new float[512];
        Arrays.fill(constant, 1);
        rotation.apply(constant);
        float largest = 0;
        for (float value : constant) {
            largest = Math.max(largest, Math.abs(value));
        }
        // Without random signs the whole block would fall into one coefficient of sqrt(256) = 16.
        assertThat(largest).isLessThan(5);
    }

    @Test
    void signsFollowFromSeedAndWidthAlone() {
        float[] a = gaussian(256, 1);
        float[] b = a.clone();
        float[] c = a.clone();
        Rotation.of(256, 256, 1).apply(a);
        Rotation.of(256, 256, 1).apply(b);
        Rotation.of(256, 256, 2).apply(c);
        assertThat(b).isEqualTo(a);
        assertThat(c).isNotEqualTo(a);
    }

    @ParameterizedTest(name = "width {0}, block {1}")
    @CsvSource({
        "96, 32",
        "128, 64",
        "256, 128",
        "512, 256",
        "1024, 512",
        "1024, 1024",
        "384, 384",
        "1120, 560",
        "2048, 2048"
    })
    void theEmittedGraphRotatesAsTheJavaCodeDoes(int width, int block) {
        Rotation rotation = Rotation.of(width, block, 3);
        assertThat(rotation.factors().stream().reduce(1, (a, b) -> a * b)).isEqualTo(block);
        int tokens = 5;
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("rotation");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        graph.output("y", rotation.emit(graph, x), DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        float[] values = gaussian(tokens * width, 9);
        float[] actual;
        try (Session session =
                new OrtEngineProvider().create(new EngineOptions(1)).open(graph.build(Map.of()))) {
            Map<String, Tensor> inputs = Map.of("x", Tensor.of(Shape.of(1, tokens, width), values));
            actual = Objects.requireNonNull(
                            session.run(inputs, CancellationToken.NONE).get("y"))
                    .toFloatArray();
        }
        for (int i = 0; i < tokens; i++) {
            float[] expected = Arrays.copyOfRange(values, i * width, (i + 1) * width);
            rotation.apply(expected);
            for (int j = 0; j < width; j++) {
                assertThat(actual[i * width + j]).isCloseTo(expected[j], within(1e-5f));
            }
        }
    }

    @Test
    void unusableSizesAreRefusedWithWhatIsAccepted() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.of(3072, 100, 0))
                .withMessageContaining("100")
                .withMessageContaining("power of two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.of(17, 256, 0))
                .withMessageContaining("17");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.fullWidth(1000, 0))
                .withMessageContaining("1000");
    }
}
