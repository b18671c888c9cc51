package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.nodes.spi.NodeInputException;

/// Rotations as a widget offers them.
public enum RotationChoice {
    /// See [RotationPlan.Hadamard].
    BLOCKS("blocks"),
    /// See [RotationPlan.Full].
    WHOLE_WIDTH("whole width"),
    /// See [RotationPlan.Permuted].
    PERMUTED("permuted blocks"),
    /// See [RotationPlan.Regular].
    REGULAR("regular");

    static final String HELP = "Which Hadamard rotation. blocks: random signs, blocks of the size above. whole width:"
            + " random signs, all channels at once where such a matrix exists (dear: 8,960 channels take a dense"
            + " product of 140). permuted blocks: OrbitQuant's, a random order of channels, then the largest blocks of a"
            + " power of two. regular: ConvRot's, blocks of the size above (a power of 4), no signs.";

    private final String label;

    RotationChoice(String label) {
        this.label = label;
    }

    /// @param block of the widget `rotationBlock`; 0 does not rotate, whatever the choice
    /// @throws NodeInputException naming that widget when there is no such rotation
    RotationPlan plan(int block, int seed) {
        if (block == 0) {
            return new RotationPlan.None();
        }
        try {
            return switch (this) {
                case BLOCKS -> new RotationPlan.Hadamard(block, seed);
                case WHOLE_WIDTH -> new RotationPlan.Full(seed);
                case PERMUTED -> new RotationPlan.Permuted(seed);
                case REGULAR -> new RotationPlan.Regular(block);
            };
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("rotationBlock", "is " + block + "; " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return label;
    }
}
