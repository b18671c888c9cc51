package dev.quantreel.engines.runtime.cuda.twin;

import dev.quantreel.engines.runtime.cuda.kernel.ElementwiseOp;

/// What [dev.quantreel.engines.runtime.cuda.kernel.Elementwise] computes of one element. Everything but the
/// transcendental functions is the kernel's bits; those differ in the last ones.
public final class ElementTwin {

    private ElementTwin() {}

    /// A float operator; operands that it does not take are ignored.
    @SuppressWarnings("checkstyle:MethodLength") // The table of operators.
    public static float of(ElementwiseOp op, float a, float b, float c) {
        return switch (op) {
            case Copy -> a;
            case Abs -> Math.abs(a);
            case Ceil -> (float) Math.ceil(a);
            case Cos -> (float) Math.cos(a);
            case Erf -> (float) erf(a);
            case Exp -> (float) Math.exp(a);
            case Floor -> (float) Math.floor(a);
            case Gelu -> (float) (0.5 * a * (1 + erf(a * Math.sqrt(0.5))));
            case GeluTanh ->
                (float) (0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * (double) a))));
            case Neg -> -a;
            case Reciprocal -> 1 / a;
            case Relu -> Math.max(a, 0);
            case Round -> (float) Math.rint(a);
            case Sigmoid -> (float) (1 / (1 + Math.exp(-a)));
            case Sign -> Math.signum(a);
            case Silu -> (float) (a / (1 + Math.exp(-a)));
            case Sin -> (float) Math.sin(a);
            case Sqrt -> (float) Math.sqrt(a);
            case Tanh -> (float) Math.tanh(a);
            case Not -> a == 0 ? 1 : 0;
            case Add -> a + b;
            case Sub -> a - b;
            case Mul -> a * b;
            case Div -> a / b;
            case Pow -> (float) Math.pow(a, b);
            case Max -> Math.max(a, b);
            case Min -> Math.min(a, b);
            case Equal -> a == b ? 1 : 0;
            case Greater -> a > b ? 1 : 0;
            case Clip -> Math.min(Math.max(a, b), c);
            case Where -> a != 0 ? b : c;
            case MulAdd -> a + b * c;
            case Modulate -> a * (1 + b) + c;
            case ShiftLeft, ShiftRight -> throw new IllegalArgumentException(op + " is of integers");
        };
    }

    /// Whether the kernel's result has the same bits.
    public static boolean isExact(ElementwiseOp op) {
        return switch (op) {
            case Cos, Erf, Exp, Gelu, GeluTanh, Sigmoid, Silu, Sin, Tanh, Pow -> false;
            default -> true;
        };
    }

    /// The error function by its series, to 1e-14 up to 3, and by its continued fraction beyond.
    private static double erf(double x) {
        double size = Math.abs(x);
        if (size > 3) {
            double fraction = 0;
            for (int i = 60; i > 0; i--) {
                fraction = i / 2.0 / (size + fraction);
            }
            return Math.copySign(1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction), x);
        }
        double term = size;
        double sum = size;
        for (int i = 1; i < 80; i++) {
            term *= -size * size / i;
            sum += term / (2 * i + 1);
        }
        return Math.copySign(2 / Math.sqrt(Math.PI) * sum, x);
    }
}
