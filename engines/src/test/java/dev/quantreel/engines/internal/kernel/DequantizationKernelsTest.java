package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DequantizationKernelsTest {

    private static final int[][] H4 = {{1, 1, 1, -1}, {1, 1, -1, 1}, {1, -1, 1, 1}, {-1, 1, 1, 1}};

    private final Random random = new Random(7);

    static Stream<DequantizationKernels> kernels() {
        return Stream.of(new ScalarDequantization(), new VectorDequantization());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 255, 4098})
    void vectorTwinReturnsTheBitsOfTheSpecification(int length) {
        byte[] codes = new byte[length];
        random.nextBytes(codes);
        float[] scalar = new float[length];
        float[] vector = new float[length];

        new ScalarDequantization().int8(codes, 0.37f, scalar);
        new VectorDequantization().int8(codes, 0.37f, vector);
        assertThat(vector).isEqualTo(scalar);

        new ScalarDequantization().scale(scalar, -1.7f);
        new VectorDequantization().scale(vector, -1.7f);
        assertThat(vector).isEqualTo(scalar);

        float[] scalarNibbles = new float[2 * length];
        float[] vectorNibbles = new float[2 * length];
        new ScalarDequantization().int4(codes, 0.37f, scalarNibbles);
        new VectorDequantization().int4(codes, 0.37f, vectorNibbles);
        assertThat(vectorNibbles).isEqualTo(scalarNibbles);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void nibblesAreSignedAndTheEvenOneIsLow(DequantizationKernels kernels) {
        float[] values = new float[4];

        kernels.int4(new byte[] {(byte) 0x97, 0x2F}, 1, values);

        assertThat(values).containsExactly(7, -7, -1, 2);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rotationIsTheKroneckerPowerOfH4(DequantizationKernels kernels) {
        for (int group : new int[] {4, 16, 64, 256, 1024}) {
            float[] values = new float[2 * group];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            float[] rotated = values.clone();

            kernels.rotate(rotated, group);

            for (int row = 0; row < values.length; row++) {
                double sum = 0;
                for (int column = 0; column < group; column++) {
                    sum += entry(row % group, column) * values[row / group * group + column];
                }
                assertThat((double) rotated[row]).isCloseTo(sum / Math.sqrt(group), within(2e-6));
            }
            kernels.rotate(rotated, group);
            assertThat(rotated).usingComparatorWithPrecision(5e-6f).containsExactly(values);
        }
    }

    /// Digits to the base of 4 choose the factors of the Kronecker product.
    private static int entry(int row, int column) {
        return row < 4 && column < 4 ? H4[row][column] : H4[row % 4][column % 4] * entry(row / 4, column / 4);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 32, 512})
    void groupsThatAreNoPowerOfFourAreRefused(int group) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ScalarDequantization().rotate(new float[512], group))
                .withMessageContaining(group + "");
    }
}
