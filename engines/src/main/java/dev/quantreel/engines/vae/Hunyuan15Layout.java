package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;

/// Names of the layers of HunyuanVideo 1.5's VAE. Graphs ask for diffusers' names.
enum Hunyuan15Layout {
    /// `encoder.down_blocks.0.resnets.0.conv1.conv`.
    DIFFUSERS,
    /// Its authors and ComfyUI: `encoder.down.0.block.0.conv1.conv`.
    ORIGINAL;

    /// A layer's name in this layout.
    String layer(String name) {
        if (this == DIFFUSERS) {
            return name;
        }
        return name.replace("mid_block.resnets.0", "mid.block_1")
                .replace("mid_block.resnets.1", "mid.block_2")
                .replace("mid_block.attentions.0", "mid.attn_1")
                .replace(".to_", ".")
                .replace("down_blocks", "down")
                .replace("up_blocks", "up")
                .replace("resnets", "block")
                .replace("downsamplers.0", "downsample")
                .replace("upsamplers.0", "upsample")
                .replace("conv_shortcut", "nin_shortcut");
    }

    static Hunyuan15Layout of(Checkpoint checkpoint) {
        return checkpoint.contains("decoder.mid.attn_1.q.weight") ? ORIGINAL : DIFFUSERS;
    }
}
