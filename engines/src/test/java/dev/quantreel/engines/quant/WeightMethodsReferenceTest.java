package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Holds the weight quantizers against values that tools/reference/weight_methods.py computed independently in NumPy;
/// prints the worst difference of each.
class WeightMethodsReferenceTest {

    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);
    private static final Granularity ROW = new Granularity.PerRow();
    private static final Granularity GROUP = new Granularity.PerGroup(64);

    /// @param tolerance in steps
    /// @param flips share of weights that may have another code: one on the edge of two codes may fall to
    /// either side in F32 and F64; a zero point of HQQ on the edge of two parts moves a whole group; 8-bit
    /// centroids have other edges than exact ones
    record Method(String name, WeightQuantizer quantizer, Granularity granularity, double tolerance, double flips) {
        Method(String name, WeightQuantizer quantizer, Granularity granularity) {
            this(name, quantizer, granularity, 1e-5, 0.001);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Method> methods() {
        return Stream.of(
                new Method("min_max.group", new WeightQuantizer.MinMax(), GROUP),
                new Method("symmetric", new WeightQuantizer.Symmetric(), ROW),
                new Method("symmetric.group", new WeightQuantizer.Symmetric(), GROUP),
                new Method("clip", new WeightQuantizer.ClipSearch(), ROW),
                new Method("clip.group", new WeightQuantizer.ClipSearch(), GROUP),
                new Method("clip2", new WeightQuantizer.ClipSearch(2), ROW),
                new Method("hqq", new WeightQuantizer.Hqq(), ROW),
                new Method("hqq.group", new WeightQuantizer.Hqq(), GROUP, 1e-5, 0.016),
                new Method("lloyd_max", new WeightQuantizer.LloydMaxRows(), ROW, 0.02, 0.01));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyWeightIsThatOfTheTwin(Method method) {
        try (SafetensorsFile file = GoldenResource.open("weight_methods.safetensors")) {
            for (String data : List.of("gaussian", "student5", "skewed")) {
                for (int bits : new int[] {3, 4}) {
                    compare(method, data, bits, file);
                }
            }
        }
    }

    private static void compare(Method method, String data, int bits, SafetensorsFile file) {
        Tensor weight = file.tensor(data);
        float[] expected = file.tensor(data + "." + method.name + "." + bits).toFloatArray();
        WeightPlan plan = new WeightPlan(method.quantizer, bits, method.granularity);
        QuantizedMatrix q = QuantizedMatrix.of(WeightMatrix.of(data, weight), plan, ONE_THREAD);
        double worst = 0;
        int flipped = 0;
        for (int i = 0; i < expected.length; i++) {
            int row = i / q.columns();
            int column = i % q.columns();
            double unit = gap(q, row, column);
            double difference = Math.abs(q.value(row, column) - expected[i]) / unit;
            boolean other = difference > method.tolerance;
            flipped += other ? 1 : 0;
            worst = other ? worst : Math.max(worst, difference);
            assertThat(difference).as("weight %s", i).isLessThan(1.3); // to a neighbour at most
        }
        System.out.printf(
                Locale.ROOT,
                "twin %s, %s, %d bits: worst difference %.2g steps, %d of %d codes on the other side of an edge%n",
                method.name,
                data,
                bits,
                worst,
                flipped,
                expected.length);
        assertThat(flipped).isLessThanOrEqualTo((int) (method.flips * expected.length));
    }

    /// The whole matrix's incoherence μ is its crest factor.
    @ParameterizedTest
    @ValueSource(strings = {"min_max.group", "symmetric", "clip", "clip.group"})
    void theFiguresOfAMatrixAreThoseOfTheTwin(String name) {
        Method method =
                methods().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
        try (SafetensorsFile file = GoldenResource.open("weight_methods.safetensors")) {
            for (String data : List.of("gaussian", "student5", "skewed")) {
                WeightPlan plan = new WeightPlan(method.quantizer, 4, method.granularity);
                QuantizationError error = QuantizedMatrix.of(WeightMatrix.of(data, file.tensor(data)), plan, ONE_THREAD)
                        .error();
                double[] expected = doubles(file.tensor("figures." + data + "." + name + ".4"));
                double[] actual = {
                    error.mse(),
                    error.relativeMse(),
                    error.errorStd(),
                    error.minMaxErrorStd(),
                    error.stdReduction(),
                    error.maxError(),
                    error.kurtosis(),
                    error.crestFactor(),
                    error.incoherence()
                };
                double worst = 0;
                for (int i = 0; i < actual.length; i++) {
                    worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / Math.abs(expected[i]));
                }
                System.out.printf(Locale.ROOT, "figures %s, %s: worst relative difference %.2g%n", name, data, worst);
                assertThat(worst).isLessThan(1e-5);
            }
        }
    }

    private static double[] doubles(Tensor tensor) {
        double[] values = new double[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
        }
        return values;
    }

    /// Distance to the next value.
    private static double gap(QuantizedMatrix q, int row, int column) {
        if (q.grids().values() instanceof CodeValues.Table(List<Integer> levels)) {
            int code = Math.min(q.code(row, column), levels.size() - 2);
            return q.step(row) * (levels.get(code + 1) - levels.get(code));
        }
        return q.step(row, column);
    }

    /// Max, "Quantizing for minimum distortion", 1960, table I, 16 levels.
    @Test
    void manyDimensionsGiveTheCentroidsOfAGaussianThatMaxPublished() {
        double[] published = {0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733};
        double[] centroids = LloydMax.of(1 << 20, 4).centroids();
        for (int i = 0; i < published.length; i++) {
            assertThat(centroids[8 + i]).isCloseTo(published[i], within(6e-4));
            assertThat(centroids[7 - i]).isEqualTo(-centroids[8 + i]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 1536, 5120})
    void centroidsAreThoseOfTheTwinAndTheirIntegersCloseToThem(int dimensions) {
        try (SafetensorsFile file = GoldenResource.open("weight_methods.safetensors")) {
            for (int bits : new int[] {2, 3, 4, 6}) {
                float[] expected =
                        file.tensor("centroids." + dimensions + "." + bits).toFloatArray();
                LloydMax book = LloydMax.of(dimensions, bits);
                double[] centroids = book.centroids();
                List<Integer> levels = book.table().levels();
                double worst = 0;
                double squares = 0;
                double errors = 0;
                for (int i = 0; i < expected.length; i++) {
                    worst = Math.max(worst, Math.abs(centroids[i] - expected[i]));
                    double surrogate = book.unit() * Math.sqrt(dimensions) * levels.get(i);
                    squares += centroids[i] * centroids[i];
                    errors += Math.pow(surrogate - centroids[i], 2);
                }
                double relative = Math.sqrt(errors / squares);
                System.out.printf(
                        Locale.ROOT,
                        "twin centroids of %d dimensions, %d bits: worst difference %.2g; 8-bit integers %.2f %% off%n",
                        dimensions,
                        bits,
                        worst,
                        100 * relative);
                assertThat(worst).isCloseTo(0, within(1e-4));
                assertThat(relative).isLessThan(bits <= 4 ? 0.003 : 0.005);
            }
        }
    }
}
