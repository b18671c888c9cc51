package dev.quantreel.engines.lowrank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.lowrank.LowRankBranch.Basis;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LowRankBranchTest {

    private static Tensor narrow(long rows, long columns) {
        return HalfPrecision.of(wide(1, rows, columns)).values();
    }

    private static Tensor wide(double deviation, long rows, long columns) {
        int count = (int) (rows * columns);
        return Tensor.of(Shape.of(rows, columns), SyntheticData.gaussian(count, deviation, rows));
    }

    private static LowRankBranch branch(int in, int out, int rank) {
        return new LowRankBranch(narrow(rank, in), narrow(out, rank), 1, Basis.ORIGINAL);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-30, 1e-7, 0.02, 1, 3e5, 1e30})
    void everyMagnitudeKeepsElevenBitsInHalfPrecision(double deviation) {
        Tensor matrix = wide(deviation, 40, 50);

        HalfPrecision half = HalfPrecision.of(matrix);

        float[] expected = matrix.toFloatArray();
        float[] actual = Conversions.toFloatArray(half.values());
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) half.factor() * actual[i] - expected[i]);
            assertThat(error).isLessThanOrEqualTo(Math.abs(expected[i]) * 0x1p-11 + largest * 0x1p-24);
        }
        assertThat(half.values().dtype()).isEqualTo(DType.F16);
    }

    @Test
    void sixteenBitsStayWhereTheyLieAndZerosStayZeros() {
        Tensor stored = Conversions.fromF32(wide(1, 4, 4), DType.BF16);
        assertThat(HalfPrecision.of(stored)).isEqualTo(new HalfPrecision(stored, 1));
        Tensor zeros = Tensor.zeros(DType.F32, Shape.of(3, 5));
        assertThat(Conversions.toFloatArray(HalfPrecision.of(zeros).values())).containsOnly(0);
    }

    @Test
    void referenceIsTheProductOfTheMatricesAddedToTheOutput() {
        Tensor down = Conversions.fromF32(Tensor.of(Shape.of(1, 2), 1, 2), DType.F16);
        Tensor up = Conversions.fromF32(Tensor.of(Shape.of(3, 1), 1, -1, 0.5f), DType.BF16);
        float[] y = {10, 10, 10, 20, 20, 20};

        ReferenceBranch.add(new LowRankBranch(down, up, 2, Basis.ORIGINAL), new float[] {3, 4, 0, 1}, y);

        assertThat(y).containsExactly(32, -12, 21, 24, 16, 22);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReferenceBranch.add(branch(2, 3, 1), new float[5], y))
                .withMessageContaining("from 2 to 3 channels");
    }

    @Test
    void matricesThatDoNotFitAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LowRankBranch(narrow(3, 8), narrow(8, 4), 1, Basis.ORIGINAL))
                .withMessageContaining("share no rank")
                .withMessageContaining("[8x4]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LowRankBranch(wide(1, 3, 8), narrow(8, 3), 1, Basis.ORIGINAL))
                .withMessageContaining("F32[3x8]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LowRankBranch(narrow(3, 8), narrow(8, 3), Float.NaN, Basis.ORIGINAL))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankBranches.of(Map.of("blocks.0", List.of(branch(8, 4, 2), branch(8, 5, 2)))))
                .withMessageContaining("blocks.0")
                .withMessageContaining("5x8");
    }

    @Test
    void sharedMatricesCountOnceAndSumsKeepTheOrder() {
        LowRankBranch q = branch(8, 4, 2);
        LowRankBranch k = new LowRankBranch(q.down(), narrow(4, 2), 1, Basis.ORIGINAL);
        LowRankBranch more = branch(8, 4, 3);
        LowRankBranches first = LowRankBranches.of(Map.of("q", List.of(q)));

        LowRankBranches all = first.plus(LowRankBranches.of(Map.of("k", List.of(k), "q", List.of(more))));

        assertThat(all.of("q")).containsExactly(q, more);
        assertThat(all.of("k")).containsExactly(k);
        assertThat(all.of("v")).isEmpty();
        assertThat(all.bytes()).isEqualTo(2 * (2 * 8 + 4 * 2 + 4 * 2 + 3 * 8 + 4 * 3));
        assertThat(LowRankBranches.NONE.plus(first).byLayer()).isEqualTo(first.byLayer());
    }
}
