package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.internal.kernel.ProductKernels.Extent;
import dev.quantreel.engines.internal.kernel.ProductKernels.Panel;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductKernelsTest {

    private static final ProductKernels SCALAR = new ScalarProducts();
    private static final ProductKernels VECTOR = new VectorProducts();

    private static float[] random(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "0, 5, 5",
        "1, 0, 7",
        "1, 1, 1",
        "3, 4, 7",
        "4, 8, 16",
        "5, 9, 17",
        "7, 255, 31",
        "8, 256, 32",
        "9, 257, 33",
        "16, 300, 63",
        "17, 520, 130",
        "67, 259, 47",
        "130, 3, 40"
    })
    void bothGiveTheSameBitsAndTheProductOfDoublePrecision(int rows, int inner, int columns) {
        float[] a = random(3 + rows * (inner + 2), 1);
        float[] transposed = random(3 + inner * (rows + 2), 2);
        float[] b = random(5 + inner * (columns + 3), 3);
        Extent extent = new Extent(rows, inner, columns);
        Panel right = Panel.rows(b, 5, columns + 3);
        for (Panel left : new Panel[] {Panel.rows(a, 3, inner + 2), Panel.transposed(transposed, 3, rows + 2)}) {
            float[] scalar = random(1 + rows * (columns + 1), 4);
            float[] vector = scalar.clone();
            float[] before = scalar.clone();
            SCALAR.add(extent, left, right, Panel.rows(scalar, 1, columns + 1));
            VECTOR.add(extent, left, right, Panel.rows(vector, 1, columns + 1));
            assertThat(vector).isEqualTo(scalar);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    double expected = before[1 + i * (columns + 1) + j];
                    for (int k = 0; k < inner; k++) {
                        int at = left.offset() + i * left.rowStride() + k * left.columnStride();
                        expected += (double) left.values()[at] * b[5 + k * (columns + 3) + j];
                    }
                    assertThat((double) scalar[1 + i * (columns + 1) + j])
                            .isCloseTo(expected, org.assertj.core.data.Offset.offset(1e-5 * (inner + 1)));
                }
            }
        }
    }
}
