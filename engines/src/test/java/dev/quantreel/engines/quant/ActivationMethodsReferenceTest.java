package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Holds rotations and activation quantizers against values that tools/reference/activation_methods.py computed
/// independently in NumPy.
class ActivationMethodsReferenceTest {

    private static final SafetensorsFile FILE = GoldenResource.open("activation_methods.safetensors");

    private static final Map<String, ActivationQuantizer> MODES = Map.of(
            "centroids", new ActivationQuantizer.Centroids(),
            "centroids_exact", new ActivationQuantizer.Centroids(true),
            "dual_scale", new ActivationQuantizer.DualScale());

    @AfterAll
    static void close() {
        FILE.close();
    }

    private static float[] golden(String name) {
        return FILE.tensor(name).toFloatArray();
    }

    private static ActivationMatrix tokens() {
        return ActivationMatrix.of(256, golden("x"));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 16, 64, 256})
    void regularRotationsEqualTheKroneckerProduct(int order) {
        ActivationMatrix rotated = tokens().rotated(Rotation.regular(256, order));
        float[] expected = golden("regular." + order);
        for (int i = 0; i < expected.length; i++) {
            assertThat(rotated.at(i / 256, i % 256)).isCloseTo(expected[i], within(2e-6f * 60));
        }
    }

    @ParameterizedTest
    @CsvSource({"64, 2", "64, 4", "256, 3", "256, 6", "3072, 4", "64, 8", "3072, 8"})
    void codebooksAreTheLloydMaxOnes(int channels, int bits) {
        LloydMaxCodebook codebook = LloydMaxCodebook.of(channels, bits);
        float[] expected = golden("codebook." + channels + "." + bits);
        assertThat(codebook.size()).isEqualTo(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(codebook.centroid(i)).isCloseTo(expected[i], within(bits < 8 ? 2e-5 : 5e-3));
            assertThat(codebook.nearest(codebook.centroid(i))).isEqualTo(i);
            assertThat(codebook.centroid(expected.length - 1 - i)).isEqualTo(-codebook.centroid(i));
        }
    }

    @Test
    void theErrorOfFourBitsIsTheOneOfTheLiterature() {
        LloydMaxCodebook codebook = LloydMaxCodebook.of(1 << 20, 4);
        double error = 0;
        double mass = 0;
        for (double y = -8; y < 8; y += 1e-4) {
            double density = Math.exp(-y * y / 2);
            error += density * Math.pow(y - codebook.centroid(codebook.nearest(y)), 2);
            mass += density;
        }
        assertThat(error / mass).isCloseTo(0.00950, within(0.00001));
    }

    @ParameterizedTest
    @ValueSource(strings = {"centroids", "centroids_exact", "dual_scale"})
    void everyModeGivesTheSameValues(String name) {
        ActivationQuantizer mode = MODES.getOrDefault(name, new ActivationQuantizer.FullPrecision());
        for (int bits : new int[] {4, 6, 8}) {
            QuantizedActivation actual = QuantizedActivation.of(tokens(), mode, bits);
            float[] expected = golden(name + "." + bits);
            double error = 0;
            double noise = 0;
            int moved = 0;
            for (int i = 0; i < expected.length; i++) {
                float value = actual.value(i / 256, i % 256);
                float x = tokens().at(i / 256, i % 256);
                error += Math.pow(x - value, 2);
                noise += Math.pow(x - expected[i], 2);
                moved += Math.abs(value - expected[i]) > 1e-3 * Math.max(0.1, Math.abs(expected[i])) ? 1 : 0;
            }
            // Values near a boundary may fall to the other side: cells have a width, and F32 is not F64. Lloyd's
            // iteration settles slowly at 8 bits, where the error has long been flat.
            assertThat(error).as("%s bits", bits).isBetween(noise * 0.98, noise * 1.02);
            assertThat(bits == 8 ? 0 : moved).as("%s bits", bits).isLessThanOrEqualTo(expected.length / 80);
        }
    }

    /// Outputs of a GELU as SVDQuant quantizes them, with the product behind: prints the worst difference.
    @ParameterizedTest
    @ValueSource(ints = {4, 6, 8})
    void shiftedUnsignedCodesOfAGeluAreThoseOfTheTwin(int bits) {
        float[] divisors = golden("divisors");
        ActivationMatrix met =
                ActivationMatrix.of(256, golden("gelu")).plus(GeluOutputs.SHIFT).dividedBy(divisors);
        QuantizedActivation actual = QuantizedActivation.of(met, new ActivationQuantizer.Unsigned(64), bits);
        float[] expected = golden("unsigned." + bits);
        float[] products = golden("unsigned_product." + bits);
        WeightMatrix weight = WeightMatrix.of("w", FILE.tensor("w"));
        float[] row = new float[256];
        double worst = 0;
        double worstProduct = 0;
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 256; j++) {
                worst = Math.max(worst, Math.abs(actual.value(i, j) - expected[i * 256 + j]) / actual.scale(i, j));
                assertThat(actual.code(0, i, j)).isBetween(0, (1 << bits) - 1);
            }
            for (int o = 0; o < 5; o++) {
                weight.readRow(o, row);
                double sum = 0;
                for (int j = 0; j < 256; j++) {
                    sum += (double) row[j] * (actual.value(i, j) * divisors[j] - GeluOutputs.SHIFT);
                }
                worstProduct = Math.max(worstProduct, Math.abs(sum - products[i * 5 + o]));
            }
        }
        System.out.printf(
                "twin unsigned, %d bits: worst difference %.2g steps, %.2g of a product%n", bits, worst, worstProduct);
        assertThat(worst).isLessThan(1e-4);
        assertThat(worstProduct).isLessThan(1e-3);
    }

    @Test
    void tokensOfZerosStayZero() {
        for (ActivationQuantizer mode : MODES.values()) {
            QuantizedActivation actual = QuantizedActivation.of(tokens(), mode, 4);
            for (int j = 0; j < 256; j++) {
                assertThat(actual.value(4, j)).isZero();
            }
        }
    }

    @Test
    void twoScalesServeSkewedTokensBetterThanOne() {
        ActivationMatrix x = tokens();
        double[] errors = new double[2];
        ActivationQuantizer[] modes = {
            new ActivationQuantizer.DualScale(ClipRatios.NONE), new ActivationQuantizer.Token(ClipRatios.NONE)
        };
        for (int k = 0; k < 2; k++) {
            QuantizedActivation actual = QuantizedActivation.of(x, modes[k], 4);
            for (int j = 0; j < 256; j++) {
                errors[k] += x.at(2, j) < 0 ? Math.pow(x.at(2, j) - actual.value(2, j), 2) : 0;
            }
        }
        assertThat(errors[0]).isLessThan(errors[1] / 4);
    }

    @Test
    void theMeanSplitWithExactSumsIsTheFormulaOfThePaper() {
        WeightMatrix weight = WeightMatrix.of("w", FILE.tensor("w"));
        float[] sums = weight.rowSums(RowTasks.parallel(CancellationToken.NONE));
        assertThat(sums).containsExactly(golden("row_sums"), within(1e-5f));
        ActivationMatrix x = tokens();
        QuantizedActivation quantized =
                QuantizedActivation.of(x.centred(), new ActivationQuantizer.Token(ClipRatios.NONE), 4);
        float[] expected = golden("mean_split");
        float[] row = new float[256];
        for (int o = 0; o < 5; o++) {
            weight.readRow(o, row);
            for (int i = 0; i < 6; i++) {
                double y = x.means().at(i, 0) * sums[o];
                for (int j = 0; j < 256; j++) {
                    y += quantized.value(i, j) * row[j];
                }
                assertThat(y).isCloseTo(expected[i * 5 + o], within(1e-3));
            }
        }
    }

    @Test
    void codebooksWithoutAMeaningAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LloydMaxCodebook.of(4, 4))
                .withMessageContaining("4 channels");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LloydMaxCodebook.of(64, 9))
                .withMessageContaining("9 bits");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.5})
    void smoothingByTheVeryInputEqualsNumPy(double alpha) {
        float[] x = golden("x");
        float[] rows = new float[5 * 256];
        System.arraycopy(x, 0, rows, 0, 4 * 256);
        System.arraycopy(x, 5 * 256, rows, 4 * 256, 256);
        QuantizationPlan plan = QuantizationPlan.MIN_MAX.withInputs(
                QuantizationPlan.MIN_MAX.input().with(new SmoothingPlan.OfInput(alpha)));
        MemoryCheckpoint checkpoint = new MemoryCheckpoint("golden", Map.of("w.weight", FILE.tensor("w")), Map.of());
        LinearSmoothedByInput linear = new LinearSmoothedByInput(checkpoint, List.of("w"), plan);
        ActivationMatrix input = ActivationMatrix.of(256, rows);

        assertThat(linear.factors(input)).containsExactly(golden("by_input_factors." + alpha), within(2e-6f));
        assertThat(linear.apply(input, "w", 6)).containsExactly(golden("by_input." + alpha), within(2e-4f));
    }
}
