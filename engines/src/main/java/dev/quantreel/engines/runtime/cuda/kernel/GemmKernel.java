package dev.quantreel.engines.runtime.cuda.kernel;

/// A compiled low-bit product and the shape of its blocks, as `gemm_kernels.cuh` and `gemm_wgmma.cuh` have them.
///
/// @param unit source file without its ending
/// @param name of the kernel
/// @param blockTokens tokens of a block
/// @param blockOutputs output channels of a block
/// @param threads of a block
/// @param sharedBytes dynamic shared memory of a block
/// @param copiesBoxes whether it takes its tokens as a tensor map and walks over tiles, one block per multiprocessor
public record GemmKernel(
        String unit,
        String name,
        int blockTokens,
        int blockOutputs,
        int threads,
        int sharedBytes,
        boolean copiesBoxes) {

    private static final int THREADS = 128;

    /// Row length of a staging buffer, `kStagePitch`.
    private static final int STAGED_WORDS = 68;

    /// 128 outputs x 128 tokens by `mma.sync`.
    static GemmKernel large(int tokenBits, int weightBits) {
        return byWarps(tokenBits, weightBits, Block.LARGE);
    }

    /// 64 outputs x 16 tokens: for so few tokens that the weights are what takes time.
    static GemmKernel narrow(int tokenBits, int weightBits) {
        return byWarps(tokenBits, weightBits, Block.NARROW);
    }

    /// 128 outputs x 64 tokens with scales by groups of columns.
    static GemmKernel scaled(int tokenBits, int weightBits) {
        return byWarps(tokenBits, weightBits, Block.SCALED);
    }

    /// 128 outputs x 256 tokens by `wgmma`, compute capability 9.0.
    static GemmKernel warpgroups(int weightBits) {
        int stage = 256 * 128 + 128 * 128 * weightBits / 8;
        int staging = 2 * 64 * STAGED_WORDS * 4;
        int barriers = 2 * 4 * 8;
        String name = "qr_gemm_wgmma_s8s" + weightBits;
        return new GemmKernel("gemm_wgmma", name, 256, 128, 384, 4 * stage + staging + barriers, true);
    }

    private enum Block {
        LARGE("", 2, 128, 1),
        NARROW("_narrow", 1, 16, 4),
        SCALED("_scaled", 2, 64, 1);

        private final String suffix;
        private final int panels;
        private final int tokens;
        private final int slabs;

        Block(String suffix, int panels, int tokens, int slabs) {
            this.suffix = suffix;
            this.panels = panels;
            this.tokens = tokens;
            this.slabs = slabs;
        }

        /// Bytes of the pipeline, or of the buffers through which four warps store, if that is more.
        int sharedBytes(int tokenBits, int weightBits) {
            int columns = 64 * 8 / tokenBits;
            int slab = panels * PackedLayout.PANEL_ROWS * columns * weightBits / 8 + tokens * 64;
            int depth = tokenBits == 8 && weightBits == 4 ? 4 : 3;
            return Math.max(depth * slabs * slab, 4 * 16 * STAGED_WORDS * 4);
        }
    }

    private static GemmKernel byWarps(int tokenBits, int weightBits, Block block) {
        String unit = "gemm_s" + tokenBits + "s" + weightBits;
        return new GemmKernel(
                unit,
                "qr_" + unit + block.suffix,
                block.tokens,
                block.panels * PackedLayout.PANEL_ROWS,
                THREADS,
                block.sharedBytes(tokenBits, weightBits),
                false);
    }

    /// Blocks that cover an output.
    long tiles(int tokens, int outputs) {
        return (long) Math.ceilDiv(tokens, blockTokens) * Math.ceilDiv(outputs, blockOutputs);
    }
}
