package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/// Operators on single elements. Rounding is straight-through: its gradient is that of the identity, so that a branch
/// behind whose output another activation is quantized hears of what that does.
final class TorchElementwise {

    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double TANH_GELU = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;
    private static final int BYTE_LEVELS = 255;

    private TorchElementwise() {}

    static NDArray rounded(NDArray x) {
        return x.add(x.round().sub(x).stopGradient());
    }

    /// A number as an array that lives as long as the run. The operators of Deep Java Library that take a number let
    /// the array that they make of it go at once, while PyTorch still needs it to go back.
    static NDArray number(NDArray beside, double value) {
        return beside.getManager().create((float) value);
    }

    static NDArray sigmoid(NDArray x) {
        NDArray half = number(x, 0.5);
        return x.mul(half).tanh().mul(half).add(half);
    }

    static NDArray reciprocal(NDArray x) {
        return number(x, 1).div(x);
    }

    static NDArray gelu(TorchNode call) {
        NDArray x = call.in(0);
        NDArray inner = call.text("approximate", "none").equals("tanh")
                ? x.mul(x)
                        .mul(x)
                        .mul(number(x, CUBIC))
                        .add(x)
                        .mul(number(x, TANH_GELU))
                        .tanh()
                : x.mul(number(x, SQRT_HALF)).erf();
        return inner.add(number(x, 1)).mul(x).mul(number(x, 0.5));
    }

    static NDArray clip(TorchNode call) {
        NDArray x = call.in(0);
        NDArray above = call.has(1) ? NDArrays.maximum(x, number(x, call.number(1))) : x;
        return call.has(2) ? NDArrays.minimum(above, number(x, call.number(2))) : above;
    }

    static NDArray folded(TorchNode call, boolean largest) {
        NDArray result = call.in(0);
        for (int i = 1; i < call.node().getInputCount(); i++) {
            result = largest ? NDArrays.maximum(result, call.in(i)) : NDArrays.minimum(result, call.in(i));
        }
        return result;
    }

    /// `condition` is what a comparison gave.
    static NDArray where(TorchNode call) {
        NDArray condition = call.in(0);
        NDArray a = call.in(1);
        NDArray b = call.in(2);
        Shape shape = broadcast(broadcast(condition.getShape(), a.getShape()), b.getShape());
        NDArray chosen = condition.getDataType() == DataType.BOOLEAN ? condition : condition.neq(number(condition, 0));
        return NDArrays.where(stretched(chosen, shape), stretched(a, shape), stretched(b, shape));
    }

    static NDArray stretched(NDArray x, Shape shape) {
        return x.getShape().equals(shape) ? x : x.broadcast(shape);
    }

    /// Codes as whole numbers, `clamp(round(x / scale) + zero point)`, of scales that hold for all, for a token, or for
    /// blocks of the last axis.
    static NDArray quantized(TorchNode call) {
        NDArray x = call.in(0);
        NDArray scale = call.in(1);
        int block = call.integer("block_size", 0);
        long groups = scale.getShape().dimension() == 0
                ? 1
                : scale.getShape().get(scale.getShape().dimension() - 1);
        boolean isBlocked = block > 0 && groups > 1;
        NDArray blocks = isBlocked ? x.reshape(blocked(x.getShape(), groups, block)) : x;
        NDArray ratio = blocks.div(isBlocked ? scale.expandDims(-1) : scale);
        NDArray codes = rounded(ratio);
        if (call.has(2)) {
            NDArray zeroPoint = call.in(2);
            codes = codes.add(isBlocked ? zeroPoint.expandDims(-1) : zeroPoint);
        }
        NDArray clamped = NDArrays.minimum(NDArrays.maximum(codes, number(codes, 0)), number(codes, BYTE_LEVELS));
        return isBlocked ? clamped.reshape(x.getShape()) : clamped;
    }

    private static Shape blocked(Shape shape, long groups, long block) {
        long[] dims = new long[shape.dimension() + 1];
        System.arraycopy(shape.getShape(), 0, dims, 0, shape.dimension() - 1);
        dims[dims.length - 2] = groups;
        dims[dims.length - 1] = block;
        return new Shape(dims);
    }

    static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.dimension(), b.dimension());
        long[] dims = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long left = i <= a.dimension() ? a.get(a.dimension() - i) : 1;
            long right = i <= b.dimension() ? b.get(b.dimension() - i) : 1;
            if (left != right && left != 1 && right != 1) {
                throw new IllegalArgumentException("shapes " + a + " and " + b + " do not broadcast");
            }
            dims[rank - i] = left == 1 ? right : left;
        }
        return new Shape(dims);
    }
}
