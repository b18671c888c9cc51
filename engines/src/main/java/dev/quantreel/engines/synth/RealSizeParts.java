package dev.quantreel.engines.synth;

import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Parts at the widths of the real models, made from the tiny ones: random weights for trials of speed.
public final class RealSizeParts {

    /// Channels of Wan 2.1's decoder over those of the tiny one.
    private static final int WAN_FACTOR = 24;

    private static final long SEED = 5;

    private RealSizeParts() {}

    /// Writes the decoder of Wan 2.1's VAE, 73 million weights in BF16.
    ///
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException when it cannot be written
    public static void writeWanDecoder(Path file) {
        write("wan_2.1_vae", file, RealSizeParts::wanDecoder);
    }

    /// Writes a UMT5 encoder of the widths of XXL with three blocks and 64 words, 580 million weights in BF16.
    ///
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException when it cannot be written
    public static void writeUmt5(Path file) {
        write("umt5_xxl_fp16", file, RealSizeParts::umt5);
    }

    private interface Widths {
        /// @return dims of the real tensor; empty leaves the tensor out
        long[] of(String name, long[] tiny);
    }

    private static void write(String part, Path file, Widths widths) {
        TinyPart tiny = TinyPart.named(part);
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        tiny.shapes().forEach((name, shape) -> {
            long[] dims = widths.of(name, shape.toArray());
            if (dims.length > 0) {
                shapes.put(name, Shape.of(dims));
            }
        });
        TinyModels.write(SyntheticCheckpoint.of(new TinyPart(tiny.file(), tiny.config(), shapes), SEED), file);
    }

    private static long[] wanDecoder(String name, long[] dims) {
        if (name.startsWith("conv2.")) {
            return dims;
        }
        if (!name.startsWith("decoder.")) {
            return new long[0];
        }
        boolean pictures = name.startsWith("decoder.head.2.");
        boolean latent = name.equals("decoder.conv1.weight");
        dims[0] *= pictures ? 1 : WAN_FACTOR;
        if (dims.length > 1 && dims[1] > 1) {
            dims[1] *= latent ? 1 : WAN_FACTOR;
        }
        return dims;
    }

    private static long[] umt5(String name, long[] dims) {
        int width = 4096;
        int ffn = 10_240;
        int heads = 64;
        if (name.equals("shared.weight")) {
            return new long[] {dims[0], width};
        }
        if (name.endsWith("relative_attention_bias.weight")) {
            return new long[] {dims[0], heads};
        }
        if (name.contains("DenseReluDense")) {
            return name.contains(".wo.") ? new long[] {width, ffn} : new long[] {ffn, width};
        }
        return dims.length == 1 ? new long[] {width} : new long[] {width, width};
    }
}
