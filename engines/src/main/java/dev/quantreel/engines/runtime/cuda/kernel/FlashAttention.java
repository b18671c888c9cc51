package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaFunction;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import java.util.Optional;

/// Launches `attention_prepare.cu` and `attention.cu` (on Hopper `attention_wgmma.cu`): `softmax(q kᵀ * scale +
/// bias) v` per head, without the matrix of scores in memory (FlashAttention, arXiv 2205.14135), with 8-bit
/// scores of smoothed keys (SageAttention, arXiv 2410.02367 and 2411.10958).
///
/// Quantization: queries one step per token, keys one step per 64 tokens of a head after the mean over all
/// tokens was taken off each channel, codes -127 to 127; values one step per channel with the largest at 448,
/// weights as e4m3 times 2^8. Sums of codes are exact; the rest is F32.
/// [dev.quantreel.engines.runtime.cuda.twin.AttentionTwin] is the same in plain Java.
///
/// Everything is queued into one stream; the workspace must stay until the stream has passed the launch.
///
/// @param kernels where the functions come from
public record FlashAttention(KernelLibrary kernels) {

    private static final int PREPARE_THREADS = 128;
    private static final int WARPGROUP_THREADS = 384;
    private static final int WARPGROUP_STAGES = 4;
    private static final int MEMORY_BARRIERS = 2 * WARPGROUP_STAGES + 1;
    /// Channels of the narrower heads, and queries of the largest tile.
    private static final int NARROW = 64;

    private static final int MOST_QUERIES = 256;
    private static final int ALIGNMENT = 256;
    private static final float LOG2_E = 1.44269504f;
    private static final float E4M3_MOST = 448;
    private static final int MOST_GRID = 65_535;

    /// What goes in and out.
    ///
    /// @param q F32 or BF16 `[batch, queries, heads * headDim]`
    /// @param k like `q`, `[batch, keys, heads * headDim]`
    /// @param v like `k`
    /// @param bias F32, added to the scores, `[batch or 1, heads or 1, queries or 1, keys]`; -infinity hides a
    /// key. A query without any key gets zeros
    /// @param out F32 or BF16, shaped as `q`
    public record Operands(DeviceArray q, DeviceArray k, DeviceArray v, Optional<DeviceArray> bias, DeviceArray out) {}

    /// A kernel's block: how many threads share how many queries. Where memory leaves room for one block of a
    /// multiprocessor with 100 KB, it has eight warps.
    ///
    /// @param queries of a tile: a multiple of 64
    /// @param stages of 64 keys in shared memory
    record Block(int threads, int queries, int stages, int barrierBytes) {

        static Block of(AttentionProblem problem, AttentionPrecision precision, ComputeCapability capability) {
            if (precision.byWarpgroups(capability)) {
                return new Block(WARPGROUP_THREADS, 128, WARPGROUP_STAGES, MEMORY_BARRIERS * Long.BYTES);
            }
            if (problem.paddedDim() == NARROW) {
                return new Block(128, 128, 2, 0);
            }
            return switch (precision) {
                case BF16 -> new Block(256, 128, 2, 0);
                case S8_BF16 -> new Block(256, 256, 2, 0);
                case S8_E4M3 -> new Block(128, 128, 2, 0);
            };
        }
    }

    /// Where the packed operands lie in a workspace.
    record Layout(AttentionProblem problem, AttentionPrecision precision, Block block) {

        int queryTiles() {
            return Math.ceilDiv(problem.queries(), block.queries);
        }

        /// With those behind the last.
        long paddedQueries() {
            return (long) queryTiles() * block.queries;
        }

        long keyTileBytes() {
            return (long) AttentionProblem.KEY_TILE * problem.paddedDim() * precision.scoreBytes();
        }

        long stageBytes() {
            return keyTileBytes() + (long) AttentionProblem.KEY_TILE * problem.paddedDim() * precision.valueBytes();
        }

        long queryBytes() {
            return problem.allHeads() * paddedQueries() / AttentionProblem.KEY_TILE * keyTileBytes();
        }

        long stagesOffset() {
            return aligned(queryBytes());
        }

        long queryScaleOffset() {
            return aligned(stagesOffset() + problem.allHeads() * problem.keyTiles() * stageBytes());
        }

        long keyScaleOffset() {
            return aligned(queryScaleOffset() + problem.allHeads() * paddedQueries() * Float.BYTES);
        }

        long meanOffset() {
            return aligned(keyScaleOffset() + problem.allHeads() * problem.keyTiles() * Float.BYTES);
        }

        long vectorBytes() {
            return aligned((long) problem.batch() * problem.channels() * Float.BYTES);
        }

        long peakOffset() {
            return meanOffset() + vectorBytes();
        }

        long valueScaleOffset() {
            return peakOffset() + vectorBytes();
        }

        long partialsOffset() {
            return valueScaleOffset() + vectorBytes();
        }

        long bytes() {
            return partialsOffset() + (long) problem.parts() * vectorBytes();
        }

        int sharedBytes() {
            long queryTile = keyTileBytes() * block.queries / AttentionProblem.KEY_TILE;
            return Math.toIntExact(queryTile + block.stages * stageBytes() + block.barrierBytes);
        }

        private static long aligned(long bytes) {
            return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        }
    }

    /// Bytes that [#launch] needs beside its operands, on any chip.
    public static long workspaceBytes(AttentionProblem problem, AttentionPrecision precision) {
        return new Layout(problem, precision, new Block(0, MOST_QUERIES, 0, 0)).bytes();
    }

    Layout layout(AttentionProblem problem, AttentionPrecision precision) {
        return new Layout(
                problem,
                precision,
                Block.of(problem, precision, kernels.context().device().capability()));
    }

    /// Queues one attention: packing, then the product.
    ///
    /// @param precision one that the GPU has ([AttentionPrecision#runsOn])
    /// @param workspace at least [#workspaceBytes], its address a multiple of 16; contents are overwritten
    public void launch(
            CudaStream stream,
            AttentionPrecision precision,
            AttentionProblem problem,
            Operands operands,
            DeviceSpan workspace) {
        prepare(stream, precision, problem, operands, workspace);
        attend(stream, precision, problem, operands, workspace);
    }

    /// The first half of [#launch]: statistics, packed queries, keys and values.
    void prepare(
            CudaStream stream,
            AttentionPrecision precision,
            AttentionProblem problem,
            Operands operands,
            DeviceSpan workspace) {
        Layout layout = layout(problem, precision);
        check(layout, operands, workspace);
        Preparation preparation = new Preparation(stream, layout, workspace.pointer());
        float factor = problem.scale() * LOG2_E;
        statistics(preparation, operands.k, false);
        if (precision.quantizesScores()) {
            rowsS8(preparation, operands.q, true, factor);
            rowsS8(preparation, operands.k, false, 1);
        } else {
            rowsBf16(preparation, operands.q, true, factor);
            rowsBf16(preparation, operands.k, false, 1);
        }
        if (precision.quantizesValues()) {
            statistics(preparation, operands.v, true);
        }
        values(preparation, operands.v);
    }

    /// @param base address of the workspace
    private record Preparation(CudaStream stream, Layout layout, long base) {

        AttentionProblem problem() {
            return layout.problem;
        }

        KernelArguments arguments(DeviceArray x, int tokens) {
            AttentionProblem problem = problem();
            ArgumentStruct struct =
                    new ArgumentStruct().pointer(x.pointer()).i32(tokens, problem.heads(), problem.headDim());
            return KernelArguments.of().struct(struct.segment(), ArgumentStruct.ALIGNMENT);
        }

        String name(String what, DeviceArray x) {
            return "qr_attention_" + what + "_d" + problem().paddedDim() + x.suffix("attention");
        }

        Dim3 tiles(int tiles) {
            return Dim3.of(tiles, problem().heads(), problem().batch());
        }

        /// Tiles as wide as those of keys, which is how they are packed.
        int queryTiles() {
            return Math.toIntExact(layout.paddedQueries() / AttentionProblem.KEY_TILE);
        }
    }

    private void statistics(Preparation p, DeviceArray x, boolean magnitude) {
        AttentionProblem problem = p.problem();
        int blocks = Math.ceilDiv(problem.channels(), PREPARE_THREADS);
        long partials = p.base + p.layout.partialsOffset();
        kernels.function("attention_prepare", "qr_attention_partial" + x.suffix("attention"))
                .launch(
                        p.stream,
                        Dim3.of(blocks, problem.parts(), problem.batch()),
                        Dim3.of(PREPARE_THREADS),
                        0,
                        p.arguments(x, problem.keys())
                                .i32(AttentionProblem.PART)
                                .i32(magnitude ? 1 : 0)
                                .i64(partials));
        if (magnitude) {
            collect(p, true, 1, p.layout.peakOffset());
            collect(p, true, 1 / E4M3_MOST, p.layout.valueScaleOffset());
        } else {
            collect(p, false, 1f / problem.keys(), p.layout.meanOffset());
        }
    }

    private void collect(Preparation p, boolean magnitude, float factor, long offset) {
        AttentionProblem problem = p.problem();
        kernels.function("attention_prepare", "qr_attention_collect")
                .launch(
                        p.stream,
                        Dim3.of(Math.ceilDiv(problem.channels(), PREPARE_THREADS), problem.batch()),
                        Dim3.of(PREPARE_THREADS),
                        0,
                        KernelArguments.of()
                                .i64(p.base + p.layout.partialsOffset())
                                .i32(problem.parts())
                                .i32(problem.channels())
                                .i32(magnitude ? 1 : 0)
                                .f32(factor)
                                .i64(p.base + offset));
    }

    private void rowsS8(Preparation p, DeviceArray x, boolean queries, float factor) {
        AttentionProblem problem = p.problem();
        Layout layout = p.layout;
        kernels.function("attention_prepare", p.name("rows_s8", x))
                .launch(
                        p.stream,
                        p.tiles(queries ? p.queryTiles() : problem.keyTiles()),
                        Dim3.of(PREPARE_THREADS),
                        0,
                        p.arguments(x, queries ? problem.queries() : problem.keys())
                                .i64(queries ? 0 : p.base + layout.meanOffset())
                                .f32(factor)
                                .i32(queries ? 1 : 0)
                                .i64(p.base + (queries ? 0 : layout.stagesOffset()))
                                .i64(queries ? layout.keyTileBytes() : layout.stageBytes())
                                .i64(p.base + (queries ? layout.queryScaleOffset() : layout.keyScaleOffset())));
    }

    private void rowsBf16(Preparation p, DeviceArray x, boolean queries, float factor) {
        AttentionProblem problem = p.problem();
        Layout layout = p.layout;
        kernels.function("attention_prepare", p.name("rows_bf16", x))
                .launch(
                        p.stream,
                        p.tiles(queries ? p.queryTiles() : problem.keyTiles()),
                        Dim3.of(PREPARE_THREADS),
                        0,
                        p.arguments(x, queries ? problem.queries() : problem.keys())
                                .i64(queries ? 0 : p.base + layout.meanOffset())
                                .f32(factor)
                                .i64(p.base + (queries ? 0 : layout.stagesOffset()))
                                .i64(queries ? layout.keyTileBytes() : layout.stageBytes()));
    }

    private void values(Preparation p, DeviceArray v) {
        Layout layout = p.layout;
        KernelArguments arguments = p.arguments(v, p.problem().keys());
        boolean e4m3 = layout.precision.quantizesValues();
        if (e4m3) {
            arguments.i64(p.base + layout.peakOffset());
        }
        kernels.function("attention_prepare", p.name(e4m3 ? "values_e4m3" : "values_bf16", v))
                .launch(
                        p.stream,
                        p.tiles(p.problem().keyTiles()),
                        Dim3.of(PREPARE_THREADS),
                        0,
                        arguments
                                .i64(p.base + layout.stagesOffset() + layout.keyTileBytes())
                                .i64(layout.stageBytes()));
    }

    /// The second half of [#launch]: the attention of what [#prepare] packed.
    void attend(
            CudaStream stream,
            AttentionPrecision precision,
            AttentionProblem problem,
            Operands operands,
            DeviceSpan workspace) {
        Layout layout = layout(problem, precision);
        long base = workspace.pointer();
        DeviceArray out = operands.out;
        ArgumentStruct struct = new ArgumentStruct()
                .pointer(base)
                .pointer(base + layout.stagesOffset())
                .pointer(base + layout.queryScaleOffset())
                .pointer(base + layout.keyScaleOffset())
                .pointer(precision.quantizesValues() ? base + layout.valueScaleOffset() : 0)
                .pointer(operands.bias.map(DeviceArray::pointer).orElse(0L))
                .i64(biasStrides(problem, operands.bias))
                .pointer(out.pointer())
                .i32(out.dtype() == DType.BF16 ? 1 : 0)
                .i32(problem.queries(), problem.keys(), problem.headDim());
        boolean warpgroups = precision.byWarpgroups(kernels.context().device().capability());
        String name = precision.kernel() + "_d" + problem.paddedDim();
        CudaFunction kernel = warpgroups
                ? kernels.function("attention_wgmma", "qr_attention_wgmma_" + name)
                : kernels.function("attention", "qr_attention_" + name);
        kernel.launch(
                stream,
                Dim3.of(layout.queryTiles(), problem.heads(), problem.batch()),
                Dim3.of(layout.block.threads),
                layout.sharedBytes(),
                KernelArguments.of().struct(struct.segment(), ArgumentStruct.ALIGNMENT));
    }

    private static long[] biasStrides(AttentionProblem problem, Optional<DeviceArray> bias) {
        if (bias.isEmpty()) {
            return new long[3];
        }
        long[] scores = {problem.batch(), problem.heads(), problem.queries(), problem.keys()};
        DeviceArray values = bias.get().require(DType.F32, "the bias of attention");
        long[] strides = Axes.broadcast(values.shape().toArray(), scores);
        if (problem.keys() > 1 && strides[3] != 1) {
            throw new IllegalArgumentException("the bias of attention is " + values.shape() + "; its last axis must be "
                    + problem.keys() + ", one value per key");
        }
        return new long[] {strides[0], strides[1], strides[2]};
    }

    private static void check(Layout layout, Operands operands, DeviceSpan workspace) {
        AttentionProblem problem = layout.problem;
        long channels = problem.channels();
        operands.q.requireElements(problem.batch() * (long) problem.queries() * channels, "attention's queries");
        operands.k.requireElements(problem.batch() * (long) problem.keys() * channels, "attention's keys");
        operands.v.requireElements(problem.batch() * (long) problem.keys() * channels, "attention's values");
        operands.out.requireElements(problem.batch() * (long) problem.queries() * channels, "attention's output");
        operands.out.suffix("attention");
        if (workspace.sizeBytes() < layout.bytes() || workspace.pointer() % 16 != 0) {
            throw new IllegalArgumentException("attention needs a workspace of " + layout.bytes()
                    + " bytes at a multiple of 16; it has " + workspace.sizeBytes() + " at " + workspace.pointer());
        }
        if (problem.heads() > MOST_GRID || problem.batch() > MOST_GRID || problem.parts() > MOST_GRID) {
            throw new IllegalArgumentException("attention of " + problem + "; at most " + MOST_GRID
                    + " heads and sequences, and " + (long) MOST_GRID * AttentionProblem.PART + " keys");
        }
    }
}
