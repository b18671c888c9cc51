package dev.quantreel.engines.quant;

import java.util.Optional;

/// What is known of the inputs of a model's linears, before smoothing and rotation.
public interface ActivationStatistics {

    /// Knows nothing.
    ActivationStatistics NONE = layer -> Optional.empty();

    /// Statistics of one layer's input; empty when it was not watched.
    Optional<LayerStatistics> of(String layer);

    /// Statistics of the input of one linear over all tokens that were seen.
    interface LayerStatistics {

        /// Tokens that were seen.
        long tokens();

        /// Largest absolute value of each channel.
        float[] absMax();

        /// `Σ x xᵀ` over all tokens, `[channels, channels]` row by row, not divided by the tokens; computed when asked
        // for.
        double[] gram();
    }
}
