package dev.quantreel.engines.rotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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

    static Stream<Rotation> forms() {
        return Stream.of(
                Rotation.of(96, 32, 3),
                Rotation.of(128, 64, 3),
                Rotation.of(256, 128, 3),
                Rotation.of(512, 256, 3),
                Rotation.of(1024, 512, 3),
                Rotation.of(1024, 1024, 3),
                Rotation.of(384, 384, 3),
                Rotation.of(1120, 560, 3),
                Rotation.of(2048, 2048, 3),
                Rotation.widest(480, 3),
                Rotation.widest(208, 3),
                Rotation.permuted(384, 3),
                Rotation.permuted(1024, 4),
                Rotation.regular(512, 256),
                Rotation.regular(480, 256),
                Rotation.regular(1024, 1024),
                Rotation.regular(4096, 4096));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void theEmittedGraphRotatesAsTheJavaCodeDoes(Rotation rotation) {
        int width = rotation.width();
        assertThat(rotation.factors().stream().reduce(1, (a, b) -> a * b)).isEqualTo(rotation.blockSize());
        int tokens = 3;
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("rotation");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        graph.output("y", rotation.emit(graph, x), DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        OnnxModel model = graph.build(Map.of());
        float[] values = gaussian(tokens * width, 9);
        for (EngineProvider provider : List.of(new OrtEngineProvider(), new ReferenceEngineProvider())) {
            float[] actual =
                    run(provider.create(new EngineOptions(1)), model, Tensor.of(Shape.of(1, 3, width), values));
            for (int i = 0; i < tokens; i++) {
                float[] expected = Arrays.copyOfRange(values, i * width, (i + 1) * width);
                rotation.apply(expected);
                for (int j = 0; j < width; j++) {
                    assertThat(actual[i * width + j]).isCloseTo(expected[j], within(1e-5f));
                }
            }
        }
    }

    private static float[] run(Engine engine, OnnxModel model, Tensor x) {
        try (Session session = engine.open(model)) {
            return Objects.requireNonNull(
                            session.run(Map.of("x", x), CancellationToken.NONE).get("y"))
                    .toFloatArray();
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void everyFormKeepsInnerProductsAndIsUndone(Rotation rotation) {
        int width = rotation.width();
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
    void theRegularFormIsTheOneOfConvRotFiles() {
        float[] x = gaussian(1024, 6);
        float[] y = x.clone();
        Rotation.regular(1024, 256).apply(x);
        new RegularHadamard(256).apply(y);
        for (int i = 0; i < x.length; i++) {
            assertThat(x[i]).isCloseTo(y[i], within(1e-5f));
        }
        assertThat(Rotation.regular(8960, 256).blockSize()).isEqualTo(256);
        assertThat(Rotation.regular(1920, 256).blockSize()).isEqualTo(64);
    }

    @Test
    void regularRowsKeepAConstantLevelWithoutSigns() {
        float[] constant = new float[512];
        Arrays.fill(constant, 1);
        Rotation.regular(512, 256).apply(constant);
        for (float value : constant) {
            assertThat(Math.abs(value)).isCloseTo(1, within(1e-6f));
        }
    }

    @Test
    void aPermutationSpreadsNeighbouringOutliersOverBlocks() {
        float[] plain = new float[3072];
        Arrays.fill(plain, 0, 64, 1);
        float[] permuted = plain.clone();
        Rotation.of(3072, 1024, 5).apply(plain);
        Rotation rotation = Rotation.permuted(3072, 5);
        assertThat(rotation.blockSize()).isEqualTo(1024);
        rotation.apply(permuted);
        for (int block = 0; block < 3072; block += 1024) {
            double energy = dot(
                    Arrays.copyOfRange(permuted, block, block + 1024),
                    Arrays.copyOfRange(permuted, block, block + 1024));
            assertThat(energy).isBetween(8.0, 40.0);
        }
        float[] first = Arrays.copyOf(plain, 1024);
        assertThat(dot(first, first)).isCloseTo(64, within(1e-3));
    }

    @Test
    void wholeWidthIsUsedWhereAMatrixIsKnownElseThePowerOfTwo() {
        for (int width : new int[] {1536, 3072, 5120, 8960, 13824, 12288, 1920, 7680, 1152, 4608, 2048, 14336}) {
            assertThat(Rotation.widest(width, 0).blockSize()).isEqualTo(width);
        }
        assertThat(Rotation.widest(208, 0).blockSize()).isEqualTo(16);
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
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.regular(1024, 128))
                .withMessageContaining("128")
                .withMessageContaining("power of 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.regular(1026, 64))
                .withMessageContaining("1026");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotation.permuted(15, 0))
                .withMessageContaining("15");
    }
}
