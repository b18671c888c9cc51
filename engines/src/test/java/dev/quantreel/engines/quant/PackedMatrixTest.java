package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PackedMatrixTest {

    private static final RowTasks TASKS = new RowTasks(2, CancellationToken.NONE);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 9, 16, 31, 64, 1001})
    void aRowIsPackedEvenColumnLowAndUnpackedAgain(int columns) {
        byte[] codes = new byte[columns];
        Random random = new Random(columns);
        for (int i = 0; i < columns; i++) {
            codes[i] = (byte) random.nextInt(16);
        }
        byte[] packed = new byte[PackedMatrix.rowBytes(columns, 4)];
        PackedMatrix.packRow(codes, packed);

        for (int i = 0; i < columns; i++) {
            assertThat(packed[i / 2] >> 4 * (i % 2) & 0xF).isEqualTo(codes[i]);
        }
        byte[] unpacked = new byte[columns];
        PackedMatrix.unpackRow(packed, unpacked);
        assertThat(unpacked).isEqualTo(codes);
    }

    @ParameterizedTest
    @CsvSource({"37, 64, 4", "37, 63, 3", "600, 40, 2", "5, 48, 8", "300, 33, 6"})
    void codesGoStraightToAFileAsTheyDoByWayOfTheTilesOfEngines(int rows, int columns, int bits) {
        float[] values = new float[rows * columns];
        Random random = new Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        WeightMatrix weights = WeightMatrix.of("w", Tensor.of(Shape.of(rows, columns), values));
        WeightPlan plan = new WeightPlan(new WeightQuantizer.Bgr(), bits);
        try (Arena arena = Arena.ofShared()) {
            long bytes = (long) rows * columns;
            QuantizedMatrix tiled = QuantizedMatrix.of(weights, plan, TASKS);
            PackedMatrix expected = tiled.packed(arena.allocate(bytes), TASKS);
            PackedMatrix straight =
                    PackedMatrix.of(weights, plan, arena.allocate(bytes), new RowTasks(1, CancellationToken.NONE));

            assertThat(straight.codes().data().mismatch(expected.codes().data()))
                    .isEqualTo(-1);
            assertThat(straight.grids()
                            .steps()
                            .data()
                            .mismatch(expected.grids().steps().data()))
                    .isEqualTo(-1);
            assertThat(straight.error()).isEqualTo(expected.error());
            QuantizedMatrix again = QuantizedMatrix.of(straight, TASKS);
            assertThat(again.packed(arena.allocate(bytes), TASKS)
                            .codes()
                            .data()
                            .mismatch(expected.codes().data()))
                    .isEqualTo(-1);
        }
    }
}
