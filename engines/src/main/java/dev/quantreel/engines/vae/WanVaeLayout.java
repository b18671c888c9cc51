package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of the tensors of Wan's VAEs. Graphs ask for diffusers' names (an upsampler is called `upsampler`); the
/// others
/// are reached by rewriting them, as `scripts/convert_wan_to_diffusers.py` of diffusers does, read backwards.
enum WanVaeLayout {
    /// Wan 2.1 in diffusers: `decoder.up_blocks.0.upsamplers.0`.
    DIFFUSERS,
    /// Wan 2.2 in diffusers: `decoder.up_blocks.0.upsampler`.
    DIFFUSERS_NESTED,
    /// Wan 2.1 of its authors and ComfyUI: `decoder.upsamples.4.residual.2`, one list of layers, four to a block.
    ORIGINAL,
    /// Wan 2.2 of its authors and ComfyUI: `decoder.upsamples.1.upsamples.0.residual.2`.
    ORIGINAL_NESTED;

    /// Residual blocks of a block of the decoder; an upsampler follows them.
    static final int RESIDUAL_BLOCKS = 3;

    /// Residual blocks of a block of Wan 2.2's encoder; a downsampler follows them.
    static final int NARROWING_BLOCKS = 2;

    private static final Pattern RESIDUAL = Pattern.compile("decoder\\.up_blocks\\.(\\d+)\\.resnets\\.(\\d+)");
    private static final Pattern UPSAMPLER = Pattern.compile("decoder\\.up_blocks\\.(\\d+)\\.upsampler");
    private static final Pattern NARROWING = Pattern.compile("encoder\\.down_blocks\\.(\\d+)\\.resnets\\.(\\d+)");
    private static final Pattern DOWNSAMPLER = Pattern.compile("encoder\\.down_blocks\\.(\\d+)\\.downsampler");
    private static final SequencedMap<String, String> PARTS = parts();

    private static SequencedMap<String, String> parts() {
        SequencedMap<String, String> parts = new LinkedHashMap<>();
        parts.put("^post_quant_conv", "conv2");
        parts.put("^quant_conv", "conv1");
        parts.put("encoder\\.down_blocks", "encoder.downsamples");
        parts.put("\\.mid_block\\.resnets\\.0", ".middle.0");
        parts.put("\\.mid_block\\.attentions\\.0", ".middle.1");
        parts.put("\\.mid_block\\.resnets\\.1", ".middle.2");
        parts.put("\\.norm_out", ".head.0");
        parts.put("\\.conv_out", ".head.2");
        parts.put("\\.norm1\\.", ".residual.0.");
        parts.put("\\.conv1\\.", ".residual.2.");
        parts.put("\\.norm2\\.", ".residual.3.");
        parts.put("\\.conv2\\.", ".residual.6.");
        parts.put("\\.conv_shortcut", ".shortcut");
        // Last, since residual blocks have a conv1 of their own.
        parts.put("\\.conv_in", ".conv1");
        return parts;
    }

    /// The name in this layout.
    String name(String name) {
        return switch (this) {
            case DIFFUSERS -> name.replace(".upsampler.", ".upsamplers.0.");
            case DIFFUSERS_NESTED -> name;
            case ORIGINAL -> rewritten(counted(name));
            case ORIGINAL_NESTED -> rewritten(nested(name));
        };
    }

    boolean isNested() {
        return this == DIFFUSERS_NESTED || this == ORIGINAL_NESTED;
    }

    private static String nested(String name) {
        String decoder = UPSAMPLER
                .matcher(RESIDUAL.matcher(name).replaceFirst("decoder.upsamples.$1.upsamples.$2"))
                .replaceFirst("decoder.upsamples.$1.upsamples." + RESIDUAL_BLOCKS);
        return DOWNSAMPLER
                .matcher(NARROWING.matcher(decoder).replaceFirst("encoder.downsamples.$1.downsamples.$2"))
                .replaceFirst("encoder.downsamples.$1.downsamples." + NARROWING_BLOCKS);
    }

    private static String counted(String name) {
        Matcher residual = RESIDUAL.matcher(name);
        if (residual.find()) {
            return residual.replaceFirst(layer(residual.group(1), Integer.parseInt(residual.group(2))));
        }
        Matcher upsampler = UPSAMPLER.matcher(name);
        return upsampler.find() ? upsampler.replaceFirst(layer(upsampler.group(1), RESIDUAL_BLOCKS)) : name;
    }

    private static String layer(String block, int part) {
        return "decoder.upsamples." + ((RESIDUAL_BLOCKS + 1) * Integer.parseInt(block) + part);
    }

    private static String rewritten(String name) {
        String result = name;
        for (Map.Entry<String, String> part : PARTS.entrySet()) {
            result = result.replaceFirst(part.getKey(), part.getValue());
        }
        return result;
    }

    /// The layout of a file that [WanFamilies] recognised.
    static WanVaeLayout of(Checkpoint checkpoint) {
        boolean original = checkpoint.contains("decoder.conv1.weight") || checkpoint.contains("encoder.conv1.weight");
        if (original) {
            return ORIGINAL_NESTED.isIn(checkpoint) ? ORIGINAL_NESTED : ORIGINAL;
        }
        return DIFFUSERS_NESTED.isIn(checkpoint) ? DIFFUSERS_NESTED : DIFFUSERS;
    }

    private boolean isIn(Checkpoint checkpoint) {
        return checkpoint.contains(name("decoder.up_blocks.0.upsampler.resample.1.weight"))
                || checkpoint.contains(name("encoder.down_blocks.0.downsampler.resample.1.weight"));
    }
}
