package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/// Squared error over variance of weight quantizers on random rows, beside the methods' reference table.
public final class WeightFormulas {

    private static final int ROWS = 256;
    private static final int COLUMNS = 3072;

    private final int draws;
    private final CancellationToken cancellation;

    /// @param draws of every distribution, at least 2
    public WeightFormulas(int draws, CancellationToken cancellation) {
        this.draws = draws;
        this.cancellation = cancellation;
    }

    /// Where rows come from.
    private enum Rows {
        GAUSSIAN("Gaussian"),
        STUDENT_5("Student t5"),
        STUDENT_3("Student t3"),
        /// Gaussian, row scales spread by `exp(0.3 n)`, 0.3 % of the weights four times as large.
        SPREAD("row scales and outliers");

        private final String title;

        Rows(String title) {
            this.title = title;
        }

        float[] draw(Random random) {
            return switch (this) {
                case GAUSSIAN -> filled(random::nextGaussian);
                case STUDENT_5 -> filled(() -> student(random, 5));
                case STUDENT_3 -> filled(() -> student(random, 3));
                case SPREAD -> spread(random);
            };
        }

        private static float[] filled(DoubleSupplier value) {
            float[] values = new float[ROWS * COLUMNS];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) value.getAsDouble();
            }
            return values;
        }

        private static double student(Random random, int degrees) {
            double squares = 0;
            for (int k = 0; k < degrees; k++) {
                double g = random.nextGaussian();
                squares += g * g;
            }
            return random.nextGaussian() / Math.sqrt(squares / degrees);
        }

        private static float[] spread(Random random) {
            float[] values = filled(random::nextGaussian);
            for (int o = 0; o < ROWS; o++) {
                double scale = Math.exp(0.3 * random.nextGaussian());
                for (int j = 0; j < COLUMNS; j++) {
                    values[o * COLUMNS + j] *= (float) (random.nextDouble() < 0.003 ? 4 * scale : scale);
                }
            }
            return values;
        }
    }

    private record Wanted(String method, WeightPlan plan, double reference) {}

    /// @param lines told each figure
    public void run(Consumer<FormulaLine> lines) {
        for (Rows rows : Rows.values()) {
            measure(rows, 4, lines);
        }
        measure(Rows.GAUSSIAN, 3, lines);
    }

    private void measure(Rows rows, int bits, Consumer<FormulaLine> lines) {
        List<Wanted> wanted = wanted(rows, bits);
        List<List<Double>> figures = new ArrayList<>();
        wanted.forEach(line -> figures.add(new ArrayList<>()));
        for (int draw = 0; draw < draws; draw++) {
            cancellation.throwIfCancelled();
            float[] values = rows.draw(new Random(31L * draw + rows.ordinal()));
            WeightMatrix matrix = WeightMatrix.of("w", Tensor.of(Shape.of(ROWS, COLUMNS), values));
            for (int i = 0; i < wanted.size(); i++) {
                figures.get(i)
                        .add(QuantizedMatrix.of(matrix, wanted.get(i).plan(), RowTasks.parallel(cancellation))
                                .error()
                                .relativeMse());
            }
        }
        for (int i = 0; i < wanted.size(); i++) {
            String name = rows.title + ", W" + bits + ", " + wanted.get(i).method();
            lines.accept(FormulaLine.ofShare(name, wanted.get(i).reference(), figures.get(i)));
        }
    }

    private static List<Wanted> wanted(Rows rows, int bits) {
        double[] table = table(rows, bits);
        WeightQuantizer minMax = new WeightQuantizer.MinMax();
        List<Wanted> wanted = new ArrayList<>(List.of(
                new Wanted("MinMax per tensor", new WeightPlan(minMax, bits, new Granularity.PerTensor()), table[0]),
                new Wanted("MinMax per row", new WeightPlan(minMax, bits), table[1]),
                new Wanted("1-D bound", new WeightPlan(new WeightQuantizer.ClipSearch(2), bits), table[2]),
                new Wanted("2-D bound (PBQ)", new WeightPlan(new WeightQuantizer.Pbq(), bits), table[3]),
                new Wanted("BGR", new WeightPlan(new WeightQuantizer.Bgr(), bits), table[4])));
        if (rows == Rows.GAUSSIAN && bits == 4) {
            wanted.add(new Wanted("Lloyd-Max", new WeightPlan(new WeightQuantizer.LloydMaxRows(), bits), 0.0095));
        }
        return wanted;
    }

    /// MinMax per tensor and per row, bound in one and in two dimensions, BGR.
    private static double[] table(Rows rows, int bits) {
        if (bits == 3) {
            return new double[] {0.150, 0.0860, 0.0403, 0.0398, 0.0398};
        }
        return switch (rows) {
            case GAUSSIAN -> new double[] {0.0328, 0.0187, 0.0117, 0.0116, 0.0116};
            case STUDENT_5 -> new double[] {0.656, 0.0763, 0.0352, 0.0344, 0.0343};
            case STUDENT_3 -> new double[] {0.762, 0.182, 0.0983, 0.0968, 0.0967};
            case SPREAD -> new double[] {0.465, 0.0566, 0.0244, 0.0234, 0.0234};
        };
    }
}
