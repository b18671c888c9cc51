package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/// What the weight quantizers reach on seeded rows; prints the table.
class WeightFiguresTest {

    private static final int ROWS = 256;
    private static final int COLUMNS = 3072;

    private static double mse(float[] weights, WeightQuantizer quantizer, int bits) {
        return mse(weights, new WeightPlan(quantizer, bits));
    }

    private static double mse(float[] weights, WeightPlan plan) {
        WeightMatrix matrix = WeightMatrix.of("w", Tensor.of(Shape.of(ROWS, COLUMNS), weights));
        return QuantizedMatrix.of(matrix, plan, RowTasks.parallel(CancellationToken.NONE))
                .error()
                .relativeMse();
    }

    private static List<Double> measure(String name, float[] weights, int bits) {
        List<Double> row = new ArrayList<>();
        row.add(mse(weights, new WeightPlan(new WeightQuantizer.MinMax(), bits, new Granularity.PerTensor())));
        row.add(mse(weights, new WeightQuantizer.MinMax(), bits));
        row.add(mse(weights, new WeightQuantizer.Pbq(), bits));
        row.add(mse(weights, new WeightQuantizer.Bgr(), bits));
        System.out.printf(
                Locale.ROOT,
                "| %s, %d bits | %.5f | %.5f | %.5f | %.5f | %.1f %% |%n",
                name,
                bits,
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                100 * (1 - row.get(3) / row.get(1)));
        return row;
    }

    private static double gain(List<Double> row) {
        assertThat(row.get(1)).as("per row beats per tensor").isLessThan(row.get(0));
        assertThat(row.get(2)).as("the search beats MinMax").isLessThan(row.get(1));
        assertThat(row.get(3)).as("refinement never loses").isLessThanOrEqualTo(row.get(2));
        return 1 - row.get(3) / row.get(1);
    }

    @Test
    void bgrBeatsMinMaxByTheExpectedShare() {
        System.out.println("Weight MSE/σ², " + ROWS + "x" + COLUMNS + ", seeded");
        System.out.println("| rows | MinMax per tensor | MinMax per row | PBQ | BGR | BGR against MinMax per row |");
        System.out.println("|---|---|---|---|---|---|");
        float[] gaussian = SyntheticData.gaussian(ROWS * COLUMNS, 1, 1);
        float[] heavy = SyntheticData.student(ROWS * COLUMNS, 5, 2);
        assertThat(gain(measure("Gaussian", gaussian, 4))).isGreaterThanOrEqualTo(0.37);
        assertThat(gain(measure("Student t5", heavy, 4))).isGreaterThanOrEqualTo(0.54);
        assertThat(gain(measure("Student t3", SyntheticData.student(ROWS * COLUMNS, 3, 3), 4)))
                .isGreaterThanOrEqualTo(0.4);
        assertThat(gain(measure("spread and outliers", SyntheticData.weights(ROWS, COLUMNS, 4), 4)))
                .isGreaterThanOrEqualTo(0.5);
        assertThat(gain(measure("Gaussian", gaussian, 3))).isGreaterThanOrEqualTo(0.5);
        List<Double> eight = measure("Gaussian", gaussian, 8);
        assertThat(eight.get(3)).isLessThanOrEqualTo(eight.get(1)).isLessThan(2e-4);
    }
}
