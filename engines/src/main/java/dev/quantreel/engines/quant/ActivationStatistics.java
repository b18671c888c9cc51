package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import java.util.Optional;

/// What is known of the inputs of a model's linears, before smoothing and rotation.
public interface ActivationStatistics {

    /// Knows nothing.
    ActivationStatistics NONE = layer -> Optional.empty();

    /// Statistics of one layer's input; empty when it was not watched. Layers that read the same input get the same
    /// instance.
    Optional<LayerStatistics> of(String layer);

    /// Statistics of the input of one linear over all tokens that were seen.
    interface LayerStatistics {

        /// Tokens that were seen.
        long tokens();

        /// Largest absolute value of each channel.
        float[] absMax();

        /// `Σ x xᵀ` over all tokens, `[channels, channels]`, not divided by the tokens. May run the model again to
        /// find it, and is not kept longer than memory allows: ask for the layers in the order of the model.
        ///
        /// @return a matrix of the caller's own, who may change it: at real widths a second one may not fit
        Matrix gram();
    }
}
