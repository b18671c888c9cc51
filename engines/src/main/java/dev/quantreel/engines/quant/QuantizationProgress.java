package dev.quantreel.engines.quant;

/// Hears of each finished layer, on the thread that quantizes.
@FunctionalInterface
public interface QuantizationProgress {

    /// Hears nothing.
    QuantizationProgress NONE = (layer, done, total) -> {};

    /// @param layer name of the layer just finished
    /// @param done layers finished so far
    /// @param total layers to quantize
    void layerDone(String layer, int done, int total);
}
