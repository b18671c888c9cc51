package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;

/// Reductions and what is built on them.
final class Normalizations {

    private Normalizations() {}

    /// Combines along the axes of input 1, or along all.
    static NdArray reduce(NodeCall call, DoubleBinaryOperator operation) {
        NdArray x = call.in(0);
        boolean[] reduced = reducedAxes(call, x);
        int[] kept = x.dims();
        for (int axis = 0; axis < kept.length; axis++) {
            kept[axis] = reduced[axis] ? 1 : kept[axis];
        }
        double[] results = new double[NdArray.count(kept)];
        boolean[] seen = new boolean[results.length];
        for (int flat = 0; flat < x.size(); flat++) {
            int[] index = NdArray.index(flat, x.dims());
            for (int axis = 0; axis < index.length; axis++) {
                index[axis] = reduced[axis] ? 0 : index[axis];
            }
            int target = NdArray.flat(index, kept);
            results[target] = seen[target] ? operation.applyAsDouble(results[target], x.get(flat)) : x.get(flat);
            seen[target] = true;
        }
        NdArray result = NdArray.of(x.dtype(), kept, i -> results[i]);
        if (call.integer("keepdims", 1) == 1) {
            return result;
        }
        return result.reshaped(IntStream.range(0, x.rank())
                .filter(axis -> !reduced[axis])
                .map(x::dim)
                .toArray());
    }

    static NdArray mean(NodeCall call) {
        NdArray x = call.in(0);
        boolean[] reduced = reducedAxes(call, x);
        int count = IntStream.range(0, x.rank())
                .filter(axis -> reduced[axis])
                .map(x::dim)
                .reduce(1, Math::multiplyExact);
        return reduce(call, Double::sum).map(sum -> sum / count);
    }

    /// The squares are summed unrounded.
    static NdArray l2(NodeCall call) {
        return reduce(call, (a, b) -> Math.sqrt(a * a + b * b)).map(Math::abs);
    }

    private static boolean[] reducedAxes(NodeCall call, NdArray x) {
        boolean[] reduced = new boolean[x.rank()];
        long[] axes = call.has(1) ? call.in(1).longs() : new long[0];
        if (axes.length == 0) {
            Arrays.fill(reduced, call.integer("noop_with_empty_axes", 0) == 0);
        }
        for (long axis : axes) {
            reduced[x.axis((int) axis)] = true;
        }
        return reduced;
    }

    static NdArray softmax(NdArray x, int axis) {
        int at = x.axis(axis);
        int inner = x.extent(at + 1, x.rank());
        int length = x.dim(at);
        double[] results = new double[x.size()];
        for (int row = 0; row < x.size() / length; row++) {
            int start = row / inner * inner * length + row % inner;
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < length; i++) {
                largest = Math.max(largest, x.get(start + i * inner));
            }
            double sum = 0;
            for (int i = 0; i < length; i++) {
                results[start + i * inner] = Math.exp(x.get(start + i * inner) - largest);
                sum += results[start + i * inner];
            }
            for (int i = 0; i < length; i++) {
                results[start + i * inner] /= sum;
            }
        }
        return NdArray.of(x.dtype(), x.dims(), i -> results[i]);
    }

    /// Outputs y, mean, 1 / deviation.
    static List<NdArray> layerNorm(NodeCall call) {
        NdArray x = call.in(0);
        double[][] moments = moments(x, call, true);
        int length = x.extent(x.axis(call.integer("axis", -1)), x.rank());
        NdArray scale = call.in(1);
        NdArray y = NdArray.of(DType.F32, x.dims(), i -> {
            double normalized = (x.get(i) - moments[0][i / length]) * moments[1][i / length];
            double scaled = normalized * scale.get(i % length);
            return call.has(2) ? scaled + call.in(2).get(i % length) : scaled;
        });
        int[] rows = rows(x, call);
        return List.of(
                y, NdArray.of(DType.F32, rows, i -> moments[0][i]), NdArray.of(DType.F32, rows, i -> moments[1][i]));
    }

    /// Outputs y, 1 / rms.
    static List<NdArray> rmsNorm(NodeCall call) {
        NdArray x = call.in(0);
        double[][] moments = moments(x, call, false);
        int length = x.extent(x.axis(call.integer("axis", -1)), x.rank());
        NdArray scale = call.in(1);
        NdArray y = NdArray.of(DType.F32, x.dims(), i -> x.get(i) * moments[1][i / length] * scale.get(i % length));
        return List.of(y, NdArray.of(DType.F32, rows(x, call), i -> moments[1][i]));
    }

    /// Norm, weight and bias, then scale and shift by stretches of rows.
    static NdArray modulated(NodeCall call) {
        NdArray x = call.in(0);
        double[][] moments = moments(x, call, call.integer("centred", 0) == 1);
        int width = x.dim(-1);
        return NdArray.of(DType.F32, x.dims(), i -> {
            int row = i / width;
            double y = (x.get(i) - moments[0][row]) * moments[1][row];
            y = call.has(1) ? y * call.in(1).get(i % width) : y;
            y = call.has(2) ? y + call.in(2).get(i % width) : y;
            y = call.has(3) ? y * (1 + vector(call.in(3), x, i)) : y;
            return call.has(4) ? y + vector(call.in(4), x, i) : y;
        });
    }

    /// Norm, then `* (gain + gain_offset) + shift` (inputs 3 and 4) by stretches of rows.
    static NdArray gained(NodeCall call) {
        NdArray x = call.in(0);
        double[][] moments = moments(x, call, call.integer("centred", 0) == 1);
        int width = x.dim(-1);
        double offset = call.real("gain_offset", 0);
        return NdArray.of(DType.F32, x.dims(), i -> {
            int row = i / width;
            double y = (x.get(i) - moments[0][row]) * moments[1][row];
            y = call.has(3) ? y * (vector(call.in(3), x, i) + offset) : y;
            return call.has(4) ? y + vector(call.in(4), x, i) : y;
        });
    }

    private static double vector(NdArray vectors, NdArray x, int flat) {
        int width = x.dim(-1);
        return vectors.get(flat / width / (x.size() / vectors.size()) * width + flat % width);
    }

    /// Mean (0 if not centred) and reciprocal deviation of every row, a row being all axes from `axis` on.
    private static double[][] moments(NdArray x, NodeCall call, boolean centred) {
        int length = x.extent(x.axis(call.integer("axis", -1)), x.rank());
        double epsilon = call.real("epsilon", 1e-5f);
        double[][] moments = new double[2][x.size() / length];
        for (int row = 0; row < moments[0].length; row++) {
            double sum = 0;
            for (int i = 0; i < length; i++) {
                sum += x.get(row * length + i);
            }
            double mean = centred ? sum / length : 0;
            double squares = 0;
            for (int i = 0; i < length; i++) {
                double difference = x.get(row * length + i) - mean;
                squares += difference * difference;
            }
            moments[0][row] = mean;
            moments[1][row] = 1 / Math.sqrt(squares / length + epsilon);
        }
        return moments;
    }

    private static int[] rows(NdArray x, NodeCall call) {
        int[] dims = x.dims();
        Arrays.fill(dims, x.axis(call.integer("axis", -1)), dims.length, 1);
        return dims;
    }
}
