package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;

/// Matrix products and convolution. Sums run in double precision and are rounded once.
final class Products {

    private Products() {}

    /// `[..., m, k] x [..., k, n]`, leading axes broadcast.
    static NdArray matMul(DType dtype, NdArray a, NdArray b) {
        if (a.rank() < 2 || b.rank() < 2 || a.dim(-1) != b.dim(-2)) {
            throw new IllegalArgumentException(
                    Arrays.toString(a.dims()) + " times " + Arrays.toString(b.dims()) + " does not fit");
        }
        int m = a.dim(-2);
        int k = a.dim(-1);
        int n = b.dim(-1);
        int[] batchA = Arrays.copyOf(a.dims(), a.rank() - 2);
        int[] batchB = Arrays.copyOf(b.dims(), b.rank() - 2);
        int[] batch = NdArray.broadcast(batchA, batchB);
        NdArray offsetsA = NdArray.of(DType.I64, batchA, i -> (double) i * m * k);
        NdArray offsetsB = NdArray.of(DType.I64, batchB, i -> (double) i * k * n);
        int[] dims = Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = m;
        dims[batch.length + 1] = n;
        return NdArray.of(dtype, dims, flat -> {
            int matrix = flat / (m * n);
            int rowStart = (int) offsetsA.get(offsetsA.offset(matrix, batch)) + flat / n % m * k;
            int columnStart = (int) offsetsB.get(offsetsB.offset(matrix, batch)) + flat % n;
            double sum = 0;
            for (int i = 0; i < k; i++) {
                sum += a.get(rowStart + i) * b.get(columnStart + i * n);
            }
            return sum;
        });
    }

    /// Zero points: a scalar, or one per row of the left and per column of the right factor.
    static NdArray matMulInteger(NodeCall call) {
        NdArray a = call.has(2) ? shifted(call.in(0), call.in(2), -2) : call.in(0);
        NdArray b = call.has(3) ? shifted(call.in(1), call.in(3), -1) : call.in(1);
        return matMul(DType.I32, a, b);
    }

    /// Inputs: operands, scale of the left one, scales of the right one (scalar or by column), zero points, bias.
    static NdArray matMulIntegerToFloat(NodeCall call) {
        NdArray a = call.has(4) ? shifted(call.in(0), call.in(4), -2) : call.in(0);
        NdArray b = call.has(5) ? shifted(call.in(1), call.in(5), -1) : call.in(1);
        double left = call.in(2).get(0);
        NdArray product = matMul(DType.I32, a, b);
        NdArray scaled =
                NdArray.zip(DType.F32, product, call.in(3), (sum, right) -> (float) sum * (float) (left * right));
        return call.has(6) ? NdArray.zip(DType.F32, scaled, call.in(6), Double::sum) : scaled;
    }

    private static NdArray shifted(NdArray x, NdArray zeroPoint, int axis) {
        int[] dims = new int[x.rank()];
        Arrays.fill(dims, 1);
        if (zeroPoint.size() > 1) {
            dims[x.axis(axis)] = zeroPoint.size();
        }
        return NdArray.zip(DType.I32, x, zeroPoint.reshaped(dims), (value, zero) -> value - zero);
    }

    static NdArray gemm(NodeCall call) {
        NdArray a = call.integer("transA", 0) == 1 ? ShapeOps.transpose(call.in(0), new int[0]) : call.in(0);
        NdArray b = call.integer("transB", 0) == 1 ? ShapeOps.transpose(call.in(1), new int[0]) : call.in(1);
        float alpha = call.real("alpha", 1);
        float beta = call.real("beta", 1);
        NdArray product = matMul(DType.F32, a, b).map(v -> alpha * v);
        return call.has(2) ? NdArray.zip(DType.F32, product, call.in(2), (x, c) -> x + beta * c) : product;
    }

    /// Any number of spatial axes; input `[batch, channels, spatial...]`.
    static NdArray convolution(NodeCall call) {
        if (!call.text("auto_pad", "NOTSET").equals("NOTSET")) {
            throw new IllegalArgumentException("auto_pad is not supported");
        }
        NdArray x = call.in(0);
        NdArray weight = call.in(1);
        int axes = x.rank() - 2;
        int groups = call.integer("group", 1);
        int[] ones = new int[axes];
        Arrays.fill(ones, 1);
        int[] strides = call.integers("strides", ones);
        int[] dilations = call.integers("dilations", ones);
        int[] pads = call.integers("pads", new int[2 * axes]);
        int[] dims = x.dims();
        dims[1] = weight.dim(0);
        for (int i = 0; i < axes; i++) {
            int span = dilations[i] * (weight.dim(2 + i) - 1) + 1;
            dims[2 + i] = (x.dim(2 + i) + pads[i] + pads[i + axes] - span) / strides[i] + 1;
        }
        int[] kernel = Arrays.copyOfRange(weight.dims(), 1, weight.rank());
        int taps = NdArray.count(kernel);
        int perGroup = weight.dim(0) / groups;
        return NdArray.of(DType.F32, dims, flat -> {
            int[] out = NdArray.index(flat, dims);
            double sum = call.has(2) ? call.in(2).get(out[1]) : 0;
            int[] source = out.clone();
            for (int tap = 0; tap < taps; tap++) {
                int[] at = NdArray.index(tap, kernel);
                source[1] = out[1] / perGroup * kernel[0] + at[0];
                boolean inside = true;
                for (int i = 0; i < axes; i++) {
                    source[2 + i] = out[2 + i] * strides[i] + at[1 + i] * dilations[i] - pads[i];
                    inside &= source[2 + i] >= 0 && source[2 + i] < x.dim(2 + i);
                }
                if (inside) {
                    sum += weight.get(out[1] * taps + tap) * x.get(NdArray.flat(source, x.dims()));
                }
            }
            return sum;
        });
    }
}
