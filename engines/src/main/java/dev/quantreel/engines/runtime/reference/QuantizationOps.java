package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.tensor.DType;
import java.util.List;

/// Rounding to integer codes and back. Scales: one for all, one per index of an axis, or one per block along an axis.
final class QuantizationOps {

    private QuantizationOps() {}

    /// Half to even, saturating.
    static NdArray quantize(NodeCall call) {
        NdArray x = call.in(0);
        NdArray scale = call.in(1);
        int declared = call.integer("output_dtype", 0);
        DType dtype;
        if (call.has(2)) {
            dtype = call.in(2).dtype();
        } else {
            dtype = declared == 0 ? DType.U8 : OnnxTypes.dtype(declared);
        }
        return NdArray.of(dtype, x.dims(), flat -> {
            int at = parameter(call, x, scale, flat);
            double zero = call.has(2) ? call.in(2).get(call.in(2).size() == 1 ? 0 : at) : 0;
            // The quotient is a float before it is rounded.
            return saturate(dtype, Math.rint((float) (x.get(flat) / scale.get(at))) + zero);
        });
    }

    static NdArray dequantize(NodeCall call) {
        NdArray x = call.in(0);
        NdArray scale = call.in(1);
        return NdArray.of(DType.F32, x.dims(), flat -> {
            int at = parameter(call, x, scale, flat);
            double zero = call.has(2) ? call.in(2).get(call.in(2).size() == 1 ? 0 : at) : 0;
            return (x.get(flat) - zero) * scale.get(at);
        });
    }

    /// Per tensor to U8; outputs codes, scale, zero point.
    static List<NdArray> dynamic(NodeCall call) {
        NdArray x = call.in(0);
        double low = 0;
        double high = 0;
        for (int i = 0; i < x.size(); i++) {
            low = Math.min(low, x.get(i));
            high = Math.max(high, x.get(i));
        }
        double range = (float) (high - low);
        double scale = range == 0 ? 1 : (float) (range / 255);
        double zero = saturate(DType.U8, Math.rint((float) (-low / scale)));
        return List.of(
                NdArray.of(DType.U8, x.dims(), i -> saturate(DType.U8, Math.rint((float) (x.get(i) / scale)) + zero)),
                NdArray.of(DType.F32, new int[0], i -> scale),
                NdArray.of(DType.U8, new int[0], i -> zero));
    }

    /// `com.microsoft.MatMulNBits` with 4 or 8 bits: activations times the dequantized weights `[N, K]`, transposed.
    static NdArray blockProduct(NodeCall call) {
        int inputs = call.integer("K", 0);
        int rows = call.integer("N", 0);
        int bits = call.integer("bits", 4);
        int block = call.integer("block_size", 32);
        int blocks = Math.ceilDiv(inputs, block);
        int perByte = 8 / bits;
        int zeroBytes = Math.ceilDiv(blocks, perByte);
        NdArray weights = NdArray.of(DType.F32, new int[] {inputs, rows}, flat -> {
            int row = flat % rows;
            int input = flat / rows;
            int at = row * blocks + input / block;
            int code = code(call.in(1), at * (block / perByte), input % block, bits);
            int zero = call.has(3) ? code(call.in(3), row * zeroBytes, input / block, bits) : 1 << (bits - 1);
            return (code - zero) * call.in(2).get(at);
        });
        return Products.matMul(DType.F32, call.in(0), weights);
    }

    /// A code out of packed bytes that begin at `from`, low bits first.
    private static int code(NdArray bytes, int from, int index, int bits) {
        int perByte = 8 / bits;
        int packed = (int) bytes.get(from + index / perByte);
        return packed >> (bits * (index % perByte)) & ((1 << bits) - 1);
    }

    /// Position of the scale that belongs to an element.
    private static int parameter(NodeCall call, NdArray x, NdArray scale, int flat) {
        if (scale.size() == 1) {
            return 0;
        }
        int axis = x.axis(call.integer("axis", 1));
        int[] index = NdArray.index(flat, x.dims());
        int block = call.integer("block_size", 0);
        if (block == 0) {
            return index[axis];
        }
        index[axis] /= block;
        return NdArray.flat(index, scale.dims());
    }

    private static double saturate(DType dtype, double value) {
        return switch (dtype) {
            case U8 -> Math.clamp(value, 0, 255);
            case I8 -> Math.clamp(value, -128, 127);
            case U4 -> Math.clamp(value, 0, 15);
            case I4 -> Math.clamp(value, -8, 7);
            default -> throw new IllegalArgumentException("codes of type " + dtype + " are not supported");
        };
    }
}
