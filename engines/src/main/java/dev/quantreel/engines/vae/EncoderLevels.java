package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.tensor.DType;

/// The features of an encoder that leave its graph beside the latent, where they are wanted: what goes into each
/// downsampler and what leaves the last block before the middle ones, finest first. Not thread-safe.
final class EncoderLevels {

    private static final String NAME = "level";

    private final boolean wanted;
    private int count;

    private EncoderLevels(boolean wanted) {
        this.wanted = wanted;
    }

    /// The latent alone.
    static EncoderLevels none() {
        return new EncoderLevels(false);
    }

    /// Outputs `level0`, `level1`, ..., F32 `[frames, channels, rows, columns]`.
    static EncoderLevels all() {
        return new EncoderLevels(true);
    }

    /// Whether an output of the graph is one of them.
    static boolean isLevel(String output) {
        return output.startsWith(NAME);
    }

    /// Puts the features out where they are wanted.
    ///
    /// @return the same
    Feature seen(VaeLayers layers, Feature x) {
        if (wanted) {
            String name = NAME + count++;
            layers.graph()
                    .output(
                            name,
                            x.value(),
                            DType.F32,
                            Dim.of(name + "_frames"),
                            Dim.of(x.channels()),
                            Dim.of(name + "_rows"),
                            Dim.of(name + "_columns"));
        }
        return x;
    }
}
