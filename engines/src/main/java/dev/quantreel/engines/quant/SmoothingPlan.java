package dev.quantreel.engines.quant;

/// Whether channels of activations are divided by a factor that the weights are multiplied with before either is
/// rotated and quantized: `Y = (X / s) (W s)ᵀ`.
public sealed interface SmoothingPlan {

    /// SmoothQuant's floor of factors and of the magnitudes they are made of.
    float FLOOR = 1e-5f;

    /// No smoothing.
    record None() implements SmoothingPlan {}

    /// SmoothQuant: `s_j = a_j^alpha / w_j^(1 - alpha)`, with the largest absolute value `a_j` of a channel in
    /// [ActivationStatistics] and `w_j` of a column over all linears that share the input. ViDiT-Q's static-dynamic
    /// balancing is this followed by a rotation.
    ///
    /// @param alpha 0 to 1; 0.5 is usual, 0.01 to 0.12 where weights have 4 bits (ViDiT-Q)
    record FromStatistics(double alpha) implements SmoothingPlan {
        public FromStatistics {
            if (!(alpha >= 0 && alpha <= 1)) {
                throw new IllegalArgumentException("smoothing alpha is " + alpha + "; 0 to 1 is accepted");
            }
        }
    }

    /// SVDQuant: alpha of [FromStatistics] searched per layer for the least output error.
    ///
    /// @param candidates values of alpha that are tried, evenly between 0 and 1
    record Searched(int candidates) implements SmoothingPlan {
        public Searched {
            if (candidates < 2) {
                throw new IllegalArgumentException(
                        "smoothing candidates is " + candidates + "; 2 or more are accepted");
            }
        }
    }

    /// SmoothQuant's dynamic form (ViDiT-Q's `channel_wise_scale_type: dynamic`): the formula of [FromStatistics] with
    /// `a_j` of the very input, so that weights are multiplied and rounded anew at every run. They stay in full
    /// precision, and a search like BGR's has no place: a way to compare, which saves no memory.
    ///
    /// @param alpha 0 to 1, as there
    record OfInput(double alpha) implements SmoothingPlan {
        public OfInput {
            if (!(alpha >= 0 && alpha <= 1)) {
                throw new IllegalArgumentException("smoothing alpha is " + alpha + "; 0 to 1 is accepted");
            }
        }
    }

    /// Whether [ActivationStatistics] are needed.
    default boolean needsStatistics() {
        return switch (this) {
            case None(), OfInput(double _) -> false;
            case FromStatistics(double _), Searched(int _) -> true;
        };
    }
}
