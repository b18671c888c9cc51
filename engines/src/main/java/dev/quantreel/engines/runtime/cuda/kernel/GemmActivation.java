package dev.quantreel.engines.runtime.cuda.kernel;

/// What a product applies to `scale * sum + bias` before gate and residual.
public enum GemmActivation {
    NONE,
    /// `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`.
    GELU_TANH,
    /// `0.5 x (1 + erf(x / sqrt(2)))`.
    GELU_ERF
}
