package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of the tensors of Stable Diffusion's autoencoder and of HunyuanVideo's, which grew out of it. Graphs ask
/// for
/// diffusers' names.
enum KlLayout {
    /// `decoder.up_blocks.0.resnets.0.conv1`.
    DIFFUSERS,
    /// HunyuanVideo, of its authors and diffusers alike: a convolution over time lies one level deeper,
    /// `decoder.up_blocks.0.resnets.0.conv1.conv`.
    VIDEO,
    /// The latent diffusion repository and ComfyUI: `decoder.up.3.block.0.conv1`, blocks counted from the last.
    ORIGINAL;

    private static final Pattern BLOCK = Pattern.compile("up_blocks\\.(\\d+)\\.");
    private static final Pattern CONVOLUTION =
            Pattern.compile("^((?:en|de)coder.*(conv_in|conv1|conv2|conv_shortcut|conv_out|samplers\\.0\\.conv))$");
    private static final int BLOCKS = 4;
    private static final SequencedMap<String, String> PARTS = parts();

    private static SequencedMap<String, String> parts() {
        SequencedMap<String, String> parts = new LinkedHashMap<>();
        parts.put(".resnets.", ".block.");
        parts.put(".upsamplers.0.conv", ".upsample.conv");
        parts.put("mid_block.block.0", "mid.block_1");
        parts.put("mid_block.block.1", "mid.block_2");
        parts.put("mid_block.attentions.0.group_norm", "mid.attn_1.norm");
        parts.put("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out");
        parts.put("mid_block.attentions.0.to_", "mid.attn_1.");
        parts.put("conv_shortcut", "nin_shortcut");
        parts.put("conv_norm_out", "norm_out");
        return parts;
    }

    /// A layer's name in this layout.
    String layer(String name) {
        return switch (this) {
            case DIFFUSERS -> name;
            case VIDEO -> CONVOLUTION.matcher(name).replaceFirst("$1.conv");
            case ORIGINAL -> {
                Matcher block = BLOCK.matcher(name);
                String result = block.find()
                        ? block.replaceFirst("up." + (BLOCKS - 1 - Integer.parseInt(block.group(1))) + ".")
                        : name;
                for (Map.Entry<String, String> part : PARTS.entrySet()) {
                    result = result.replace(part.getKey(), part.getValue());
                }
                yield result;
            }
        };
    }

    /// The layout of a file that [KlFamilies] recognised.
    static KlLayout of(Checkpoint checkpoint) {
        if (checkpoint.contains("decoder.conv_in.conv.weight")) {
            return VIDEO;
        }
        return checkpoint.contains("decoder.mid.block_1.conv1.weight") ? ORIGINAL : DIFFUSERS;
    }
}
