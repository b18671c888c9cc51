package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;
import java.util.Optional;

/// Launches `norm.cu` and `norm_rope.cu`: RMSNorm and LayerNorm of rows, fused with what follows: adaLN's scale
/// and shift ([#launch(CudaStream, Norm, Modulation, DeviceArray, DeviceArray)]), or rotary positions
/// ([#launch(CudaStream, Optional, Optional, Rows, DeviceArray)]). Rows are F32 or BF16 and so are results, each
/// as it likes; sums and all vectors are F32.
///
/// Rows whose width and addresses allow it are read once, 16 bytes at a time, and stay in registers; others are
/// read element by element, two or three times.
///
/// @param kernels where the functions come from
public record RowNorm(KernelLibrary kernels) {

    private static final int THREADS = 256;
    private static final int WARP = 32;

    /// Widest rows that a warp takes, so that the heads of a token do not need a block each.
    private static final int NARROW = 256;

    /// Neighbours that a thread takes at once, and the most bytes of a load.
    private static final int EIGHT = 8;

    private static final int LOAD_BYTES = 16;

    /// Most threads that hold a row, and how often each takes eight.
    private static final int HELD_THREADS = 512;

    private static final int MOST_CHUNKS = 2;

    /// What is divided by.
    public enum Kind {
        /// The root of the mean square.
        Rms,
        /// The standard deviation, after the mean was taken off.
        Layer
    }

    /// How rows are normalized.
    ///
    /// @param epsilon added to the mean square
    /// @param weight F32, multiplied afterwards; as wide as what is normalized together
    /// @param bias F32, added afterwards
    public record Norm(Kind kind, float epsilon, Optional<DeviceArray> weight, Optional<DeviceArray> bias) {

        /// Without anything learned.
        public static Norm plain(Kind kind, float epsilon) {
            return new Norm(kind, epsilon, Optional.empty(), Optional.empty());
        }
    }

    /// adaLN's vectors: `y * (1 + scale) + shift`.
    ///
    /// @param scale F32 `[vectors, width]`
    /// @param shift like `scale`
    /// @param rowsPerVector row r is modulated by vector `r / rowsPerVector % vectors`
    public record Modulation(Optional<DeviceArray> scale, Optional<DeviceArray> shift, int rowsPerVector) {

        /// None.
        public static final Modulation NONE = new Modulation(Optional.empty(), Optional.empty(), 1);
    }

    /// Rotary positions.
    ///
    /// @param cosines F32 `[positions, headDim / 2]`
    /// @param sines like `cosines`
    /// @param firstPosition row of the tables for token 0, before `anglesPerHead` counts
    /// @param interleaved pairs (2j, 2j + 1); otherwise (j, j + headDim / 2)
    /// @param anglesPerHead each head of a token has a row of its own: row `token * heads + head`
    public record Rope(
            DeviceArray cosines, DeviceArray sines, int firstPosition, boolean interleaved, boolean anglesPerHead) {}

    /// Rows split into heads.
    ///
    /// @param x `[batch, tokens, heads * headDim]`, or the first row of a part of wider rows
    /// @param rowStride elements between rows of `x`
    /// @param heads of each row
    /// @param perHead whether each head is normalized by itself
    public record Rows(DeviceArray x, long rowStride, int heads, boolean perHead) {

        /// Rows side by side.
        public static Rows of(DeviceArray x, int heads, boolean perHead) {
            return new Rows(x, x.shape().dim(x.shape().rank() - 1), heads, perHead);
        }
    }

    /// Queues `y = norm(x) * (1 + scale) + shift` over the last axis.
    ///
    /// @param y of the size of `x`, F32 or BF16; may be `x` itself
    public void launch(CudaStream stream, Norm norm, Modulation modulation, DeviceArray x, DeviceArray y) {
        int width = Math.toIntExact(x.shape().dim(x.shape().rank() - 1));
        long rows = x.shape().elements() / Math.max(1, width);
        y.requireElements(x.shape().elements(), "the norm's output");
        String name = types(x, y);
        if (rows == 0) {
            return;
        }
        int vectors = vectors(modulation.scale, width, vectors(modulation.shift, width, 1));
        long[] pointers = {
            x.pointer(),
            y.pointer(),
            vector(norm.weight, width, "weight"),
            vector(norm.bias, width, "bias"),
            vector(modulation.scale, (long) vectors * width, "scale"),
            vector(modulation.shift, (long) vectors * width, "shift")
        };
        ArgumentStruct struct = new ArgumentStruct()
                .i64(pointers)
                .i32(width, modulation.rowsPerVector, vectors, norm.kind == Kind.Layer ? 1 : 0)
                .f32(norm.epsilon);
        boolean aligned = width % EIGHT == 0 && areAligned(pointers);
        if (width > NARROW) {
            launch(stream, new Kernel("norm", "qr_norm_modulate" + name, rows, aligned ? width : 0), struct);
            return;
        }
        kernels.function("norm", "qr_norm_narrow" + name + (aligned ? "_1" : ""))
                .launch(
                        stream,
                        Dim3.of(Math.toIntExact(Math.ceilDiv(rows, (long) THREADS / WARP))),
                        Dim3.of(THREADS),
                        0,
                        KernelArguments.of()
                                .struct(struct.segment(), ArgumentStruct.ALIGNMENT)
                                .i32(Math.toIntExact(rows)));
    }

    /// The part of a kernel's name that says what it reads and writes.
    private static String types(DeviceArray x, DeviceArray y) {
        return x.suffix("a norm") + y.suffix("a norm");
    }

    private static boolean areAligned(long... pointers) {
        return Arrays.stream(pointers).allMatch(pointer -> pointer % LOAD_BYTES == 0);
    }

    private static int vectors(Optional<DeviceArray> given, int width, int otherwise) {
        return given.map(vectors -> Math.toIntExact(vectors.shape().elements() / width))
                .orElse(otherwise);
    }

    /// Queues the norm of rows or heads and the rotation of their pairs.
    ///
    /// @param norm empty to rotate only
    /// @param rope empty to normalize only
    /// @param y F32 or BF16 `[batch, tokens, heads * headDim]`, the rows side by side; may be `x` where those are
    /// too, and of the same type
    public void launch(CudaStream stream, Optional<Norm> norm, Optional<Rope> rope, Rows rows, DeviceArray y) {
        DeviceArray x = rows.x;
        int rank = y.shape().rank();
        int width = Math.toIntExact(y.shape().dim(rank - 1));
        int headDim = width / rows.heads;
        int tokens = rank < 2 ? 1 : Math.toIntExact(y.shape().dim(rank - 2));
        long count = y.shape().elements() / Math.max(1, width);
        if (width % rows.heads != 0 || headDim % 2 != 0) {
            throw new IllegalArgumentException(rows.heads + " heads of " + y.shape() + "; each needs an even width");
        }
        String name = types(x, y);
        if (count == 0) {
            return;
        }
        // One head is normalized as a head, which is the whole row.
        boolean perHead = rows.perHead || rows.heads == 1;
        int normWidth = perHead ? headDim : width;
        int angles = rope.isPresent() && rope.get().anglesPerHead ? rows.heads : 1;
        long[] pointers = {
            x.pointer(),
            y.pointer(),
            vector(norm.flatMap(Norm::weight), normWidth, "weight"),
            vector(norm.flatMap(Norm::bias), normWidth, "bias"),
            table(rope.map(Rope::cosines), rope, tokens, angles * headDim),
            table(rope.map(Rope::sines), rope, tokens, angles * headDim)
        };
        ArgumentStruct struct = new ArgumentStruct().i64(pointers);
        struct.i64(rows.rowStride).i32(rows.heads, headDim, tokens);
        struct.i32(rope.map(Rope::firstPosition).orElse(0), angles);
        struct.i32(norm.isEmpty() ? 0 : perHead ? 1 : rows.heads);
        struct.i32(norm.isPresent() && norm.get().kind == Kind.Layer ? 1 : 0);
        struct.i32(rope.isPresent() && rope.get().interleaved ? 1 : 0);
        struct.f32(norm.map(Norm::epsilon).orElse(0f));
        boolean aligned = headDim % EIGHT == 0
                && rows.rowStride * x.elementBytes() % LOAD_BYTES == 0
                && areAligned(pointers)
                && (norm.isEmpty() || !perHead || fitsAWarp(headDim / EIGHT));
        launch(stream, new Kernel("norm_rope", "qr_norm_rope" + name, count, aligned ? width : 0), struct);
    }

    /// Whether so many neighbouring threads add up by shuffles.
    private static boolean fitsAWarp(int threads) {
        return threads <= WARP && Integer.bitCount(threads) == 1;
    }

    /// @param name without the ending of kernels that hold rows in registers
    /// @param width of rows that may be held in registers; 0 where they may not
    private record Kernel(String unit, String name, long rows, int width) {

        int chunks() {
            int chunks = Math.ceilDiv(width / EIGHT, HELD_THREADS);
            return chunks <= MOST_CHUNKS ? chunks : 0;
        }

        String function() {
            return chunks() > 0 ? name + "_" + chunks() : name;
        }

        int threads() {
            int chunks = chunks();
            return chunks == 0 ? THREADS : Math.ceilDiv(Math.ceilDiv(width / EIGHT, chunks), WARP) * WARP;
        }
    }

    private void launch(CudaStream stream, Kernel kernel, ArgumentStruct struct) {
        kernels.function(kernel.unit, kernel.function())
                .launch(
                        stream,
                        Dim3.of(Math.toIntExact(kernel.rows)),
                        Dim3.of(kernel.threads()),
                        0,
                        KernelArguments.of().struct(struct.segment(), ArgumentStruct.ALIGNMENT));
    }

    private static long vector(Optional<DeviceArray> vector, long elements, String what) {
        return vector.map(v -> v.require(DType.F32, what)
                        .requireElements(elements, what)
                        .pointer())
                .orElse(0L);
    }

    /// @param width of the angles of a token, twice their number
    private static long table(Optional<DeviceArray> table, Optional<Rope> rope, long tokens, int width) {
        if (table.isEmpty() || rope.isEmpty()) {
            return 0;
        }
        long needed = (rope.get().firstPosition + tokens) * width / 2;
        DeviceArray values = table.get().require(DType.F32, "a rotary table");
        if (values.shape().elements() < needed) {
            throw new IllegalArgumentException("a rotary table of " + values.shape() + "; "
                    + (rope.get().firstPosition + tokens) + " rows of " + width / 2 + " are needed");
        }
        return values.pointer();
    }
}
