package dev.quantreel.engines.runtime.cuda.kernel;

/// Operators on single elements that [Elementwise] launches; numbered as in `elementwise.cu`. Where ONNX has an
/// operator of that name, it is the same function.
public enum ElementwiseOp {
    /// A copy; between types a Cast: floats are cut towards zero.
    Copy(0, 1),
    Abs(1, 1),
    Ceil(2, 1),
    Cos(3, 1),
    Erf(4, 1),
    Exp(5, 1),
    Floor(6, 1),
    /// By the error function.
    Gelu(7, 1),
    /// By the tanh approximation.
    GeluTanh(8, 1),
    Neg(9, 1),
    Reciprocal(10, 1),
    Relu(11, 1),
    /// Half to even.
    Round(12, 1),
    Sigmoid(13, 1),
    Sign(14, 1),
    /// `x * sigmoid(x)`.
    Silu(15, 1),
    Sin(16, 1),
    Sqrt(17, 1),
    Tanh(18, 1),
    Not(19, 1),
    Add(32, 2),
    Sub(33, 2),
    Mul(34, 2),
    /// Integers are cut towards zero; an integer divided by 0 is 0.
    Div(35, 2),
    Pow(36, 2),
    Max(37, 2),
    Min(38, 2),
    Equal(39, 2),
    Greater(40, 2),
    /// BitShift LEFT, of integers.
    ShiftLeft(41, 2),
    /// BitShift RIGHT, of integers.
    ShiftRight(42, 2),
    /// `min(max(x, low), high)`.
    Clip(64, 3),
    /// Condition, value where it is not 0, value where it is.
    Where(65, 3),
    /// `a + b * c`: residual, change, gate.
    MulAdd(66, 3),
    /// `a * (1 + b) + c`: value, scale, shift.
    Modulate(67, 3);

    private final int code;
    private final int operands;

    ElementwiseOp(int code, int operands) {
        this.code = code;
        this.operands = operands;
    }

    /// Number in the kernel.
    public int code() {
        return code;
    }

    /// Number of inputs.
    public int operands() {
        return operands;
    }

    /// Whether the function exists for integers.
    boolean ofIntegers() {
        return switch (this) {
            case Copy,
                    Abs,
                    Neg,
                    Sign,
                    Not,
                    Add,
                    Sub,
                    Mul,
                    Div,
                    Max,
                    Min,
                    Equal,
                    Greater,
                    ShiftLeft,
                    ShiftRight,
                    Clip,
                    Where,
                    MulAdd -> true;
            default -> false;
        };
    }

    /// Whether the function exists for floats.
    boolean ofFloats() {
        return this != ShiftLeft && this != ShiftRight;
    }
}
