package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.ArrayList;
import java.util.List;

/// The decoder of a checkpoint of LTX-Video as a list of stages. The authors' files (and ComfyUI's) number the
/// stages
/// themselves, `decoder.up_blocks.N`; diffusers sorts them into a middle and blocks of three parts each
/// (`scripts/convert_ltx_to_diffusers.py`).
///
/// @param stages from the latent to the picture
/// @param original whether names are the authors'
record LtxStages(List<Stage> stages, boolean original) {

    /// One stage, with its name in the file.
    sealed interface Stage {
        /// `name.N.conv1` ...: residual blocks of equal width, perhaps with an embedding of the timestep.
        ///
        /// @param name prefix of the residual blocks, without number
        /// @param embedder name of the embedder's owner
        record Residuals(String name, String embedder) implements Stage {}

        /// A single residual block that changes the width.
        record Widening(String name) implements Stage {}

        /// A convolution whose channels become frames and pixels.
        record Upsampler(String name) implements Stage {}
    }

    static LtxStages of(Checkpoint checkpoint) {
        boolean original = checkpoint.contains("decoder.up_blocks.0.res_blocks.0.conv1.conv.weight");
        return new LtxStages(original ? numbered(checkpoint) : sorted(checkpoint), original);
    }

    private static List<Stage> numbered(Checkpoint checkpoint) {
        List<Stage> stages = new ArrayList<>();
        while (true) {
            String name = "decoder.up_blocks." + stages.size();
            if (checkpoint.contains(name + ".res_blocks.0.conv1.conv.weight")) {
                stages.add(new Stage.Residuals(name + ".res_blocks", name));
            } else if (checkpoint.contains(name + ".conv1.conv.weight")) {
                stages.add(new Stage.Widening(name));
            } else if (checkpoint.contains(name + ".conv.conv.weight")) {
                stages.add(new Stage.Upsampler(name));
            } else {
                return stages;
            }
        }
    }

    private static List<Stage> sorted(Checkpoint checkpoint) {
        List<Stage> stages = new ArrayList<>();
        stages.add(new Stage.Residuals("decoder.mid_block.resnets", "decoder.mid_block"));
        for (int block = 0;
                checkpoint.contains("decoder.up_blocks." + block + ".resnets.0.conv1.conv.weight");
                block++) {
            String name = "decoder.up_blocks." + block;
            if (checkpoint.contains(name + ".conv_in.conv1.conv.weight")) {
                stages.add(new Stage.Widening(name + ".conv_in"));
            }
            if (checkpoint.contains(name + ".upsamplers.0.conv.conv.weight")) {
                stages.add(new Stage.Upsampler(name + ".upsamplers.0"));
            }
            stages.add(new Stage.Residuals(name + ".resnets", name));
        }
        return stages;
    }

    /// The final embedder's owner.
    String finalEmbedder() {
        return original ? "decoder.last_" : "decoder.";
    }

    String shortcut(String residual) {
        return residual + (original ? ".conv_shortcut" : ".conv_shortcut.conv");
    }

    String shortcutNorm(String residual) {
        return residual + (original ? ".norm3.norm" : ".norm3");
    }

    String mean() {
        return original ? "per_channel_statistics.mean-of-means" : "latents_mean";
    }

    String std() {
        return original ? "per_channel_statistics.std-of-means" : "latents_std";
    }
}
