package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;

/// What all encoders begin and end with, and the means by which some shorten and narrow.
///
/// @param layers emits them
/// @param traits of the VAE
/// @param levels features that leave the graph beside the latent
record EncoderEnds(VaeLayers layers, VaeTraits traits, EncoderLevels levels) {

    /// A level of the encoder: features that leave the graph where they are wanted.
    ///
    /// @return the same
    Feature level(Feature x) {
        return levels.seen(layers, x);
    }

    /// Input `pictures` F32 `[frames, rows, columns, 3]` in [0, 1] as `[frames, 3, rows, columns]` in [-1, 1].
    Feature pictures() {
        Value rgb = layers.graph()
                .input("pictures", DType.F32, Dim.of("frames"), Dim.of("rows"), Dim.of("columns"), Dim.of(3));
        Value planes = layers.graph().op(OnnxOp.Transpose, Attributes.ints("perm", 0, 3, 1, 2), rgb);
        Value doubled = layers.graph().op(OnnxOp.Mul, planes, layers.graph().constant(2f));
        Value signed = layers.graph().op(OnnxOp.Sub, doubled, layers.graph().constant(1f));
        return new Feature(signed, 3, traits.pixelsPerCell());
    }

    /// The pixels of a square patch as channels, in the order colour, column, row (Wan 2.2, LTX-Video).
    Feature patches(Feature rgb, int side) {
        int[] order = new int[rgb.channels() * side * side];
        for (int i = 0; i < order.length; i++) {
            int row = i % side;
            int column = i / side % side;
            order[i] = (row * side + column) * rgb.channels() + i / (side * side);
        }
        return side == 1 ? rgb : layers.channels(layers.spaceToChannels(rgb, side), order);
    }

    /// Output `latent` F32 `[latents, channels, height, width]` as the diffusion transformer takes it: the mean,
    /// normalised.
    ///
    /// @param moments the mean in its first channels
    void latent(Feature moments) {
        int[] first = new int[traits.latentChannels()];
        for (int i = 0; i < first.length; i++) {
            first[i] = i;
        }
        Feature latent = layers.toModel(layers.channels(moments, first), traits.normalization());
        layers.graph()
                .output(
                        "latent",
                        latent.value(),
                        DType.F32,
                        Dim.of("latents"),
                        Dim.of(traits.latentChannels()),
                        Dim.of("height1"),
                        Dim.of("width1"));
    }

    /// Blocks of `frames` x `side` x `side` pixels to channels, in the order channel, frame, row, column.
    ///
    /// @param whole frames in groups of `frames`
    Feature blocks(Feature whole, int frames, int side) {
        Feature all = layers.framesToChannels(layers.spaceToChannels(whole, side), frames);
        int pixels = side * side;
        int[] order = new int[all.channels()];
        for (int i = 0; i < order.length; i++) {
            order[i] = (i / pixels % frames * pixels + i % pixels) * whole.channels() + i / pixels / frames;
        }
        return layers.channels(all, order);
    }

    /// The mean of each group of consecutive channels.
    ///
    /// @param channels how many groups
    /// @throws UnsupportedCheckpointException when the groups are of unequal size
    Feature averaged(Feature x, int channels) {
        int members = x.channels() / channels;
        if (members * channels != x.channels()) {
            throw new UnsupportedCheckpointException(
                    layers.weights().checkpoint().source(),
                    "a block of the encoder makes " + channels + " channels of " + x.channels()
                            + ", which its shortcut cannot");
        }
        int[][] groups = new int[members][channels];
        for (int i = 0; i < x.channels(); i++) {
            groups[i % members][i / members] = i;
        }
        return layers.means(x, groups);
    }
}
