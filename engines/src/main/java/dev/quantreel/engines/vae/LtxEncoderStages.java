package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.ArrayList;
import java.util.List;

/// The encoder of a checkpoint of LTX-Video as a list of stages; see [LtxStages] for its two namings.
final class LtxEncoderStages {

    /// One stage, with its name in the file.
    sealed interface Stage {
        /// One residual block, perhaps to another width.
        record Residual(String name) implements Stage {}

        /// A convolution for every second frame, row and column (0.9.0, 0.9.1).
        record Strided(String name) implements Stage {}

        /// A convolution whose `frames` x `side` x `side` results become channels (0.9.5 on).
        record Packed(String name, int frames, int side) implements Stage {}
    }

    private final Checkpoint checkpoint;
    private final boolean original;
    private final List<Stage> stages = new ArrayList<>();

    private LtxEncoderStages(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.original = LtxStages.of(checkpoint).original();
    }

    static List<Stage> of(Checkpoint checkpoint) {
        LtxEncoderStages found = new LtxEncoderStages(checkpoint);
        int block = 0;
        while (found.add("encoder.down_blocks." + block)) {
            block++;
        }
        found.addResiduals("encoder.mid_block.resnets.");
        return List.copyOf(found.stages);
    }

    /// @return whether there is such a block
    private boolean add(String block) {
        int before = stages.size();
        addResidual(block);
        addResiduals(block + (original ? ".res_blocks." : ".resnets."));
        addDownsampler(original ? block : block + ".downsamplers.0");
        addResidual(block + ".conv_out");
        return stages.size() > before;
    }

    private void addResiduals(String prefix) {
        int part = 0;
        while (addResidual(prefix + part)) {
            part++;
        }
    }

    private boolean addResidual(String name) {
        boolean found = checkpoint.contains(name + ".conv1.conv.weight");
        if (found) {
            stages.add(new Stage.Residual(name));
        }
        return found;
    }

    private void addDownsampler(String name) {
        if (checkpoint.contains(name + ".conv.conv.weight")) {
            stages.add(packed(name + ".conv.conv"));
        } else if (checkpoint.contains(name + ".conv.weight")) {
            stages.add(new Stage.Strided(name + ".conv"));
        }
    }

    /// How many results go into a channel follows from the width of what comes after.
    private Stage packed(String name) {
        int made = CheckpointShapes.extent(checkpoint, name + ".weight", 5, 0);
        int wide = widthAfter(name);
        return switch (wide / made) {
            case 8 -> new Stage.Packed(name, 2, 2);
            case 4 -> new Stage.Packed(name, 1, 2);
            case 2 -> new Stage.Packed(name, 2, 1);
            default ->
                throw new UnsupportedCheckpointException(
                        checkpoint.source(),
                        "tensor " + name + ".weight makes " + made + " channels before a layer that reads " + wide
                                + "; expected a half, a quarter or an eighth of them");
        };
    }

    private int widthAfter(String name) {
        String block = name.substring(0, name.indexOf('.', "encoder.down_blocks.".length()));
        String next = "encoder.down_blocks." + (Integer.parseInt(block.substring("encoder.down_blocks.".length())) + 1);
        for (String after : List.of(next + ".resnets.0", next + ".res_blocks.0", "encoder.mid_block.resnets.0")) {
            if (checkpoint.contains(after + ".conv1.conv.weight")) {
                return CheckpointShapes.extent(checkpoint, after + ".conv1.conv.weight", 5, 1);
            }
        }
        return CheckpointShapes.extent(checkpoint, "encoder.conv_out.conv.weight", 5, 1);
    }
}
