package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Tensor;
import java.util.Set;

/// Watches the inputs of some linears while a transformer runs, for per-layer error reports and statistics.
///
/// @param layers names as in [LinearLayers]
/// @param listener called after each run of a graph that holds such a layer
public record LayerProbe(Set<String> layers, Listener listener) {

    /// Watches nothing.
    public static final LayerProbe NONE = new LayerProbe(Set.of(), (layer, input) -> {});

    public LayerProbe {
        layers = Set.copyOf(layers);
    }

    /// Receives what a layer was given.
    @FunctionalInterface
    public interface Listener {
        /// @param layer one of the watched layers
        /// @param input F32 `[1, tokens, in]`, before any rotation or rounding
        void observe(String layer, Tensor input);
    }
}
