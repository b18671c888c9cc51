package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.ConfigMetadata;
import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.List;

/// The sizes that HunyuanVideo 1.0 and 1.5 have in common.
///
/// @param inChannels latent channels that go in, those of an image included
/// @param outChannels latent channels that come out
/// @param patch rows and columns of a patch; patches do not extend in time
/// @param dim width of a token
/// @param heads attention heads; `dim / heads` is the sum of the rotary axes
/// @param depth numbers of blocks
/// @param textDim width of the main text encoder's output
/// @param freqDim size of the sinusoidal features of timestep and guidance
/// @param rope rotary positions
public record HunyuanConfig(
        int inChannels,
        int outChannels,
        int patch,
        int dim,
        int heads,
        Depth depth,
        int textDim,
        int freqDim,
        Rope rope) {

    /// Epsilon of every normalization of the blocks.
    static final float EPSILON = 1e-6f;

    /// Width inside the feed-forward networks, as a multiple of `dim`.
    static final int MLP_RATIO = 4;

    private static final int DEFAULT_HEAD_DIM = 128;

    /// @param refiner blocks of the text's token refiner
    /// @param doubles blocks in which picture and text have weights of their own
    /// @param singles blocks in which they share them
    public record Depth(int refiner, int doubles, int singles) {}

    /// @param axes even sizes of time, rows and columns
    /// @param theta base of the angles
    public record Rope(List<Integer> axes, double theta) {

        /// Those of every release.
        static final Rope DEFAULT = new Rope(List.of(16, 56, 56), 256);

        public Rope {
            axes = List.copyOf(axes);
        }
    }

    public HunyuanConfig {
        int headDim = rope.axes.stream().mapToInt(Integer::intValue).sum();
        if (heads < 1 || dim != heads * headDim) {
            throw new IllegalArgumentException("a width of " + dim + " in " + heads
                    + " heads does not fit rotary axes of " + rope.axes + ", which make heads of " + headDim
                    + "; set num_attention_heads and rope_axes_dim in the config metadata of the file");
        }
    }

    /// Reads the sizes of a file from its shapes, and heads and rotary axes from its metadata where it has some.
    ///
    /// @param canonical under canonical names
    static HunyuanConfig read(Checkpoint canonical) {
        Shape patches = canonical.shape("img_in.proj.weight");
        if (patches.rank() != 5 || patches.dim(2) != 1 || patches.dim(3) != patches.dim(4)) {
            throw new UnsupportedCheckpointException(
                    canonical.source(),
                    "tensor img_in.proj.weight is " + patches
                            + ", expected width x channels x 1 x n x n: square patches of one frame");
        }
        int dim = Math.toIntExact(patches.dim(0));
        int patch = Math.toIntExact(patches.dim(3));
        ConfigMetadata metadata = ConfigMetadata.of(canonical);
        List<Integer> axes = metadata.integers("rope_axes_dim", "axes_dim", "rope_dim_list");
        return new HunyuanConfig(
                Math.toIntExact(patches.dim(1)),
                CheckpointShapes.extent(canonical, "final_layer.linear.weight", 2, 0) / (patch * patch),
                patch,
                dim,
                metadata.positive("num_attention_heads", "num_heads", "heads_num")
                        .orElse(Math.max(1, dim / DEFAULT_HEAD_DIM)),
                new Depth(
                        count(canonical, "txt_in.individual_token_refiner.blocks.", ".norm1.weight"),
                        count(canonical, "double_blocks.", ".img_mod.lin.weight"),
                        count(canonical, "single_blocks.", ".modulation.lin.weight")),
                CheckpointShapes.extent(canonical, "txt_in.input_embedder.weight", 2, 1),
                CheckpointShapes.extent(canonical, "time_in.in_layer.weight", 2, 1),
                new Rope(
                        axes.isEmpty() ? Rope.DEFAULT.axes : axes,
                        metadata.number("rope_theta")
                                .orElse(metadata.number("theta").orElse(Rope.DEFAULT.theta))));
    }

    private static int count(Checkpoint canonical, String prefix, String suffix) {
        int blocks = 0;
        while (canonical.contains(prefix + blocks + suffix)) {
            blocks++;
        }
        return blocks;
    }

    int headDim() {
        return dim / heads;
    }

    /// Channels that an image brings.
    int imageChannels() {
        return inChannels - outChannels;
    }

    /// Cells per token.
    TransformerFacts.Patch tokenPatch() {
        return new TransformerFacts.Patch(1, patch, patch);
    }

    /// Blocks of both kinds, as people count them.
    int layers() {
        return depth.doubles + depth.singles;
    }

    /// Angles of the picture's tokens, followed by text tokens that are not rotated.
    RopeTable rope(TokenGrid grid, int text) {
        return RopeTable.of(grid, rope.axes, rope.theta, text);
    }
}
