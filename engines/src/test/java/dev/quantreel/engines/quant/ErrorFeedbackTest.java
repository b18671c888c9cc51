package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Holds rounding with error feedback and the alternation of branches against tools/reference/error_feedback.py.
class ErrorFeedbackTest {

    private static final ParallelPieces PIECES = new ParallelPieces(2, CancellationToken.NONE);
    private static final RowTasks TASKS = new RowTasks(2, CancellationToken.NONE);
    private static final WeightPlan GPTQ =
            new WeightPlan(new WeightQuantizer.Gptq(new WeightQuantizer.MinMax(), 0.01), 4);

    private final SafetensorsFile golden = GoldenResource.open("error_feedback.safetensors");
    private final Tensor weight = golden.tensor("weight");
    private final Matrix dense = matrix("weight");
    private final Matrix inputs = matrix("inputs");
    private final Matrix gram = inputs.transposedTimes(inputs, PIECES);

    private Matrix matrix(String name) {
        Tensor tensor = golden.tensor(name);
        int rows = Math.toIntExact(tensor.shape().dim(0));
        return Matrix.of(rows, Math.toIntExact(tensor.shape().dim(1)), Conversions.toFloatArray(tensor));
    }

    private double[] doubles(String name) {
        Tensor tensor = golden.tensor(name);
        double[] values = new double[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.data().get(java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
        }
        return values;
    }

    private LayerQuantization.Outcome quantize(WeightPlan plan, RowTasks tasks) {
        Optional<ErrorFeedback> feedback = plan.quantizer().needsStatistics()
                ? Optional.of(ErrorFeedback.of(gram::copy, 0.01, PIECES))
                : Optional.empty();
        return new LayerQuantization(plan, feedback, tasks).of(WeightMatrix.of("w", weight));
    }

    private MemorySegment codes() {
        return Arena.ofAuto().allocate((long) dense.rows() * dense.columns());
    }

    private PackedMatrix nearest() {
        return PackedMatrix.of(WeightMatrix.of("w", weight), GPTQ, codes(), TASKS);
    }

    private double outputError(LayerQuantization.Outcome outcome) {
        Matrix error = error(outcome);
        return inputs.times(error.transposed(), PIECES).squareSum();
    }

    private Matrix error(LayerQuantization.Outcome outcome) {
        Matrix left = outcome.branch()
                .map(branch -> dense.minus(LayerQuantization.product(branch, PIECES)))
                .orElse(dense.copy());
        float[] row = new float[dense.columns()];
        for (int r = 0; r < dense.rows(); r++) {
            outcome.matrix().dequantizeRow(r, row);
            for (int j = 0; j < row.length; j++) {
                left.values()[r * row.length + j] -= row[j];
            }
        }
        return left;
    }

    @Test
    void gptqRoundsAsTheReferenceInDoublePrecisionDoes() {
        QuantizedMatrix rounded = quantize(GPTQ, TASKS).matrix();
        double[] expected = doubles("gptq");
        float[] row = new float[dense.columns()];
        int flipped = 0;
        for (int r = 0; r < dense.rows(); r++) {
            rounded.dequantizeRow(r, row);
            for (int j = 0; j < row.length; j++) {
                double difference = Math.abs(row[j] - expected[r * row.length + j]);
                flipped += difference > 1e-3 * rounded.step(r) ? 1 : 0;
            }
        }
        // A weight on the edge of two codes may fall to either side in F32, and those behind it in the row follow.
        assertThat(flipped).isLessThanOrEqualTo(expected.length / 50);
    }

    @Test
    void theOutputErrorIsThatOfTheReferenceAndAQuarterOfNearestRounding() {
        double[] expected = doubles("output_errors");
        WeightPlan nearest = new WeightPlan(new WeightQuantizer.MinMax(), 4);
        assertThat(outputError(quantize(nearest, TASKS))).isCloseTo(expected[0], within(1e-3 * expected[0]));
        assertThat(outputError(quantize(GPTQ, TASKS))).isCloseTo(expected[1], within(0.02 * expected[1]));
    }

    @Test
    void theReportedErrorsAreThoseOfTheCodes() {
        ErrorFeedback feedback = ErrorFeedback.of(gram::copy, 1e-6, PIECES);
        PackedMatrix nearest = nearest();
        ErrorFeedback.Rounded rounded = feedback.round(dense, nearest, codes(), TASKS);
        LayerQuantization.Outcome outcome =
                new LayerQuantization.Outcome(QuantizedMatrix.of(rounded.matrix(), TASKS), Optional.empty());
        double actual = outputError(outcome);
        assertThat(rounded.outputError()).isCloseTo(actual, within(1e-3 * actual));
        double mse = error(outcome).squareSum() / (dense.rows() * dense.columns());
        assertThat(rounded.matrix().error().mse()).isCloseTo(mse, within(1e-5 * mse));
        assertThat(rounded.matrix().error().mse()).isGreaterThan(nearest.error().mse());
    }

    @Test
    void inputsWithoutCorrelationLeaveTheNearestCodes() {
        Matrix diagonal = Matrix.zeros(dense.columns(), dense.columns());
        for (int i = 0; i < dense.columns(); i++) {
            diagonal.values()[i * dense.columns() + i] = 1 + i % 7;
        }
        PackedMatrix nearest = nearest();
        PackedMatrix rounded = ErrorFeedback.of(diagonal::copy, 0.01, PIECES)
                .round(dense, nearest, codes(), TASKS)
                .matrix();
        assertThat(rounded.codes().data().mismatch(nearest.codes().data())).isEqualTo(-1);
    }

    @Test
    void inputsThatNeverCameAreNoObstacle() {
        Matrix nothing = Matrix.zeros(dense.columns(), dense.columns());
        PackedMatrix nearest = nearest();
        PackedMatrix rounded = ErrorFeedback.of(nothing::copy, 0.01, PIECES)
                .round(dense, nearest, codes(), TASKS)
                .matrix();
        assertThat(rounded.codes().data().mismatch(nearest.codes().data())).isEqualTo(-1);
    }

    @Test
    void theResultDoesNotDependOnTheNumberOfThreads() {
        WeightPlan plan = GPTQ.with(new BranchPlan.LowRank(4, 3));
        LayerQuantization.Outcome one = quantize(plan, new RowTasks(1, CancellationToken.NONE));
        LayerQuantization.Outcome three = quantize(plan, new RowTasks(3, CancellationToken.NONE));
        assertThat(three.matrix().codes().data().mismatch(one.matrix().codes().data()))
                .isEqualTo(-1);
        LowRankBranch first = one.branch().orElseThrow();
        assertThat(three.branch()
                        .orElseThrow()
                        .down()
                        .data()
                        .mismatch(first.down().data()))
                .isEqualTo(-1);
    }

    @Test
    void groupsHaveGridsOfTheirOwnUnderFeedback() {
        double rows = outputError(quantize(GPTQ, TASKS));
        double groups = outputError(quantize(GPTQ.with(new Granularity.PerGroup(32)), TASKS));
        double multiples = outputError(quantize(GPTQ.with(new Granularity.GroupMultiples(32)), TASKS));
        assertThat(groups).isLessThan(rows);
        assertThat(multiples).isLessThan(rows);
    }

    @Test
    void theBranchAlternatesAsTheReferenceDoes() {
        double[] expected = doubles("branch_losses");
        WeightPlan minMax = new WeightPlan(new WeightQuantizer.MinMax(), 4);
        double first = error(quantize(minMax.with(new BranchPlan.LowRank(4, 1)), TASKS))
                .squareSum();
        double sixth = error(quantize(minMax.with(new BranchPlan.LowRank(4, 6)), TASKS))
                .squareSum();
        assertThat(first).isCloseTo(expected[0], within(0.02 * expected[0]));
        assertThat(sixth).isCloseTo(expected[5], within(0.03 * expected[5]));
        double without = error(quantize(minMax, TASKS)).squareSum();
        assertThat(sixth).isLessThan(0.8 * without);
    }

    @Test
    void branchAndFeedbackTogetherKeepTheBestTurn() {
        double[] expected = doubles("branch_gptq_losses");
        double best = Double.MAX_VALUE;
        for (double loss : expected) {
            best = Math.min(best, loss);
        }
        double first = outputError(quantize(GPTQ.with(new BranchPlan.LowRank(4, 1)), TASKS));
        double sixth = outputError(quantize(GPTQ.with(new BranchPlan.LowRank(4, 6)), TASKS));
        assertThat(first).isCloseTo(expected[0], within(0.05 * expected[0]));
        assertThat(sixth).isLessThan(1.05 * first).isCloseTo(best, within(0.15 * best));
    }

    @Test
    void branchesAreOfSixteenBitsInTheBasisOfTheWeight() {
        LowRankBranch branch = quantize(GPTQ.with(new BranchPlan.LowRank(4, 1)), TASKS)
                .branch()
                .orElseThrow();
        assertThat(branch.basis()).isEqualTo(LowRankBranch.Basis.QUANTIZED);
        assertThat(branch.rank()).isEqualTo(4);
        assertThat(branch.down().data().byteSize() + branch.up().data().byteSize())
                .isEqualTo(2L * 4 * (dense.rows() + dense.columns()));
    }

    @Test
    void statisticsThatAreNotFiniteAreRefused() {
        Matrix broken = gram.copy();
        broken.values()[0] = Float.NaN;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ErrorFeedback.of(broken::copy, 0.01, PIECES))
                .withMessageContaining("not finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightQuantizer.Gptq(new WeightQuantizer.Gptq(), 0.01))
                .withMessageContaining("grids of another quantizer");
    }
}
