package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.quant.ActivationStatistics.LayerStatistics;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Finds what the channels of each input are divided by, one vector for all layers that read it ([SmoothingPlan]). Not
/// thread-safe.
final class InputSmoothing {

    /// Weight rows per layer on which values of alpha are tried.
    private static final int TRIED_ROWS = 64;

    /// Activations are imagined with 4 bits and one scale per token and so many channels.
    private static final int GROUP = 64;

    private static final double MAX_CODE = 7;

    /// Largest magnitude of a group of Gaussian values, in standard deviations.
    private static final double GAUSSIAN_PEAK = 2.5;

    private final Checkpoint checkpoint;
    private final QuantizationPlan plan;
    private final RowTasks tasks;
    private final Map<String, LayerStatistics> statistics = new HashMap<>();
    private final Map<LayerStatistics, List<String>> readers;
    private final Map<LayerStatistics, float[]> known = new HashMap<>();

    /// @param layers that are quantized
    /// @throws IllegalArgumentException when the plan smooths and there are no statistics of a layer
    InputSmoothing(QuantizedWeights.Source source, QuantizationPlan plan, List<String> layers, RowTasks tasks) {
        this.checkpoint = source.checkpoint();
        this.plan = plan;
        this.tasks = tasks;
        if (plan.smoothing().needsStatistics()) {
            for (String layer : layers) {
                statistics.put(
                        layer,
                        source.statistics()
                                .of(layer)
                                .orElseThrow(() -> new IllegalArgumentException("smoothing divides channels by what"
                                        + " statistics say of them, and there are none of layer " + layer
                                        + "; let the model make them (Self Calibration), or rotate instead")));
            }
        }
        this.readers = new HashMap<>();
        layers.stream().filter(statistics::containsKey).forEach(layer -> readers.computeIfAbsent(
                        of(statistics, layer), missing -> new ArrayList<>())
                .add(layer));
    }

    private static LayerStatistics of(Map<String, LayerStatistics> statistics, String layer) {
        return Objects.requireNonNull(statistics.get(layer), layer);
    }

    /// What the channels of a layer's input are divided by, and the columns of its weight multiplied with; shared by
    /// all its readers. Empty when the plan does not smooth.
    Optional<float[]> of(String layer) {
        return Optional.ofNullable(statistics.get(layer)).map(own -> known.computeIfAbsent(own, this::find));
    }

    private float[] find(LayerStatistics input) {
        List<String> layers = readers.getOrDefault(input, List.of());
        float[] largestInputs = input.absMax();
        float[] largestWeights = largestOfColumns(checkpoint, layers);
        return switch (plan.smoothing()) {
            case SmoothingPlan.None(), SmoothingPlan.OfInput(double _) ->
                throw new IllegalStateException("nothing to smooth beforehand");
            case SmoothingPlan.FromStatistics(double alpha) -> factors(largestInputs, largestWeights, alpha);
            case SmoothingPlan.Searched(int candidates) -> {
                Matrix gram = input.gram();
                float[] best = factors(largestInputs, largestWeights, 0);
                double least = Double.MAX_VALUE;
                for (int i = 0; i < candidates; i++) {
                    float[] factors = factors(largestInputs, largestWeights, (double) i / (candidates - 1));
                    double error = error(layers, gram, factors);
                    best = error < least ? factors : best;
                    least = Math.min(error, least);
                }
                yield best;
            }
        };
    }

    /// Largest magnitude of every column, over all weights that read one input.
    static float[] largestOfColumns(Checkpoint checkpoint, List<String> layers) {
        float[] largest = new float[0];
        for (String layer : layers) {
            WeightMatrix weight = weight(checkpoint, layer);
            largest = largest.length == 0 ? new float[weight.columns()] : largest;
            float[] row = new float[weight.columns()];
            for (int r = 0; r < weight.rows(); r++) {
                weight.readRow(r, row);
                for (int j = 0; j < row.length; j++) {
                    largest[j] = Math.max(largest[j], Math.abs(row[j]));
                }
            }
        }
        return largest;
    }

    /// `a^alpha / w^(1 - alpha)`.
    static float[] factors(float[] inputs, float[] weights, double alpha) {
        float[] factors = new float[inputs.length];
        for (int j = 0; j < factors.length; j++) {
            double a = Math.max(inputs[j], SmoothingPlan.FLOOR);
            double w = Math.max(weights[j], SmoothingPlan.FLOOR);
            factors[j] = (float) Math.max(Math.pow(a, alpha) / Math.pow(w, 1 - alpha), SmoothingPlan.FLOOR);
        }
        return factors;
    }

    private WeightMatrix weight(String layer) {
        return weight(checkpoint, layer);
    }

    private static WeightMatrix weight(Checkpoint checkpoint, String layer) {
        return WeightMatrix.of(layer + ".weight", checkpoint.tensor(layer + ".weight"));
    }

    /// Expected squared error of the outputs: of the rounded weights on the statistics, and of inputs rounded to 4
    /// bits, whose step is taken from the energy of their channels.
    private double error(List<String> layers, Matrix gram, float[] factors) {
        ParallelPieces pieces = new ParallelPieces(tasks.threads(), tasks.cancellation());
        Optional<Rotation> rotation = plan.rotation().at(factors.length);
        Matrix smoothed = InputStatistics.turn(gram.copy(), Optional.of(factors), rotation, pieces);
        double[] inputErrors = inputErrors(smoothed, rotation.isPresent());
        double error = 0;
        for (String layer : layers) {
            WeightMatrix scaled = weight(layer).scaled(factors);
            WeightMatrix tried = new Sampled(rotation.map(scaled::rotated).orElse(scaled), TRIED_ROWS);
            QuantizedMatrix quantized = QuantizedMatrix.of(tried, plan.weight(), tasks);
            Matrix errors = Matrix.zeros(tried.rows(), tried.columns());
            float[] row = new float[tried.columns()];
            float[] rounded = new float[tried.columns()];
            for (int r = 0; r < tried.rows(); r++) {
                tried.readRow(r, row);
                quantized.dequantizeRow(r, rounded);
                for (int j = 0; j < row.length; j++) {
                    errors.values()[r * row.length + j] = row[j] - rounded[j];
                    error += inputErrors[j] * row[j] * row[j];
                }
            }
            Matrix outputs = errors.times(smoothed, pieces);
            for (int i = 0; i < outputs.values().length; i++) {
                error += (double) outputs.values()[i] * errors.values()[i];
            }
        }
        return error;
    }

    /// The step of a group follows its loudest channel; a rotation makes all of them equally loud.
    private static double[] inputErrors(Matrix smoothed, boolean rotated) {
        int n = smoothed.rows();
        double[] errors = new double[n];
        for (int start = 0; start < n; start += GROUP) {
            int end = Math.min(n, start + GROUP);
            double loudest = 0;
            double mean = 0;
            for (int j = start; j < end; j++) {
                loudest = Math.max(loudest, smoothed.at(j, j));
                mean += smoothed.at(j, j) / (end - start);
            }
            double step = Math.pow(GAUSSIAN_PEAK / MAX_CODE, 2) * (rotated ? mean : loudest);
            Arrays.fill(errors, start, end, step / 12);
        }
        return errors;
    }

    /// Some rows of a matrix, evenly.
    private record Sampled(WeightMatrix source, int most) implements WeightMatrix {
        @Override
        public String name() {
            return source.name();
        }

        @Override
        public int rows() {
            return Math.min(source.rows(), most);
        }

        @Override
        public int columns() {
            return source.columns();
        }

        @Override
        public void readRow(int row, float[] into) {
            source.readRow((int) ((long) row * source.rows() / rows()), into);
        }
    }
}
