package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceAttribute;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.runtime.cuda.driver.TensorMap;
import dev.quantreel.engines.tensor.DType;
import org.jspecify.annotations.Nullable;

/// The linear of quantized tokens and weights on a GPU, with everything that follows it in one kernel:
///
///     y[m, n] = activation(scale_m * step_n * (Σ_k q_mk c_nk - zero_n * sum_m) + bias_n) * gate[t, n] + residual[m, n]
///
/// with scales and sums by groups of columns, too. Sums are exact;
/// [dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin] is the same in plain Java. Thread-safe; launches go
/// into the stream that is given and return at once.
///
/// Tokens of 8 bits run everywhere: by `wgmma` on compute capability 9.0 from [#WARPGROUP_ROWS] tokens on where its
/// tiles occupy half of the multiprocessors, by `mma.sync` else. Tokens of 4 bits run where the chip multiplies
/// them (8.0, 8.6, 8.9); newer ones only emulate it, at the speed of 8 bits or less, and are given codes of 4 bits
/// in bytes, which yields the same integers ([#multiplies4Bits]).
public final class LowBitGemm {

    /// Tokens from which on the kernel by `wgmma` is taken; below, weights take most of the time.
    public static final int WARPGROUP_ROWS = 129;

    /// Tokens up to which blocks of 16 tokens are taken.
    public static final int NARROW_ROWS = 32;

    /// Bytes of the copies into shared memory, asynchronous ones and those of the copy engine.
    private static final int COPY_ALIGNMENT = 16;

    /// Which instructions may multiply.
    public enum Route {
        /// The fastest that the chip has.
        BEST,
        /// `mma.sync` on every chip.
        WARPS,
        /// `wgmma` wherever the chip has it, also where its large tiles leave most multiprocessors idle.
        WARPGROUPS
    }

    private final CudaContext context;
    private final KernelLibrary kernels;
    private final Route route;
    private final ComputeCapability chip;
    private final int multiprocessors;

    public LowBitGemm(KernelLibrary kernels) {
        this(kernels, Route.BEST);
    }

    public LowBitGemm(KernelLibrary kernels, Route route) {
        this.context = kernels.context();
        this.kernels = kernels;
        this.route = route;
        this.chip = context.device().capability();
        this.multiprocessors = context.device().attribute(DeviceAttribute.MULTIPROCESSORS);
    }

    /// Whether a chip multiplies s4 by s4.
    public static boolean multiplies4Bits(ComputeCapability chip) {
        return chip.major() == 8;
    }

    /// The kernel that [#launch] takes.
    ///
    /// @param tokenBits how codes are stored, 4 or 8
    /// @param rows tokens
    /// @param grouped whether scales go by groups of columns
    /// @throws IllegalArgumentException when this chip has none, with what it takes
    public GemmKernel choose(PackedLayout weights, int tokenBits, int rows, boolean grouped) {
        if (!chip.isAtLeast(80)) {
            throw new IllegalArgumentException(
                    "low-bit products need compute capability 8.0 or later, this GPU has " + chip);
        }
        if (tokenBits == 4 && (weights.bits() != 4 || !multiplies4Bits(chip))) {
            throw new IllegalArgumentException("tokens stored in 4 bits with weights of " + weights.bits()
                    + " bits on compute capability " + chip
                    + ": 8.0, 8.6 and 8.9 multiply them with weights of 4 bits; store the same codes in bytes (s8)");
        }
        if (grouped) {
            return GemmKernel.scaled(tokenBits, weights.bits());
        }
        if (rows <= NARROW_ROWS) {
            return GemmKernel.narrow(tokenBits, weights.bits());
        }
        return byWarpgroups(weights, tokenBits, rows)
                ? GemmKernel.warpgroups(weights.bits())
                : GemmKernel.large(tokenBits, weights.bits());
    }

    private boolean byWarpgroups(PackedLayout weights, int tokenBits, int rows) {
        if (chip.number() != 90 || tokenBits != 8 || rows < WARPGROUP_ROWS) {
            return false;
        }
        long tiles = GemmKernel.warpgroups(weights.bits()).tiles(rows, weights.rows());
        return switch (route) {
            case BEST -> 2 * tiles >= multiprocessors;
            case WARPS -> false;
            case WARPGROUPS -> true;
        };
    }

    /// Queues the product.
    ///
    /// @param x `[M, K]`
    /// @param weights `[N, K]`
    /// @param y `[M, N]`
    /// @throws IllegalArgumentException when sizes do not fit each other, or the chip has no such kernel
    public void launch(CudaStream stream, GemmTokens x, PackedWeights weights, GemmOutput y) {
        PackedLayout layout = weights.layout();
        boolean grouped = x.group() != layout.columns();
        check(x, weights, y, grouped);
        GemmKernel kernel = choose(layout, x.bits(), x.rows(), grouped);
        int tokenBytes = layout.columns() * x.bits() / 8;
        KernelArguments arguments = KernelArguments.of();
        if (kernel.copiesBoxes()) {
            DeviceSpan codes = x.codes().slice(0, (long) x.rows() * tokenBytes);
            TensorMap.ofBytes(context, codes, tokenBytes, kernel.blockTokens()).addTo(arguments);
        } else {
            arguments.pointer(x.codes());
        }
        arguments
                .pointer(weights.codes())
                .pointer(x.scale())
                .pointer(x.sum())
                .pointer(weights.step())
                .pointer(weights.zero());
        addOptional(arguments, weights.bias());
        addOptional(arguments, y.gate() == null ? null : y.gate().values());
        addOptional(arguments, y.residual());
        arguments
                .pointer(y.data())
                .i32(x.rows())
                .i32(layout.rows())
                .i32(tokenBytes)
                .i32(layout.paddedColumns())
                .i32(x.group())
                .i32(layout.columns() / x.group())
                .i32(y.gate() == null ? 1 : x.rows() / y.gate().timesteps())
                .i32(y.typeCode())
                .i32(y.activation().ordinal());
        long tiles = kernel.tiles(x.rows(), layout.rows());
        int blocks = Math.toIntExact(kernel.copiesBoxes() ? Math.min(tiles, multiprocessors) : tiles);
        kernels.function(kernel.unit(), kernel.name())
                .launch(stream, Dim3.of(blocks), Dim3.of(kernel.threads()), kernel.sharedBytes(), arguments);
    }

    private static void addOptional(KernelArguments arguments, @Nullable DeviceSpan span) {
        if (span == null) {
            arguments.nullPointer();
        } else {
            arguments.pointer(span);
        }
    }

    private static void check(GemmTokens x, PackedWeights weights, GemmOutput y, boolean grouped) {
        PackedLayout layout = weights.layout();
        if (grouped && (x.group() % 64 != 0 || layout.columns() % x.group() != 0 || y.type() == DType.I32)) {
            throw new IllegalArgumentException(
                    "scales by groups of " + x.group() + " of " + layout.columns() + " columns into " + y.type()
                            + "; accepted are multiples of 64 that divide the columns, and F32 or BF16");
        }
        long cells = (long) x.rows() * layout.rows();
        int elementBytes = y.type() == DType.BF16 ? 2 : 4;
        // Rows whose lengths are multiples of four are read and written four elements at a time.
        int alignment = layout.rows() % 4 == 0 ? 4 * elementBytes : elementBytes;
        long groups = (long) x.rows() * (layout.columns() / x.group()) * 4;
        require("codes of tokens", x.codes(), (long) x.rows() * layout.columns() * x.bits() / 8, COPY_ALIGNMENT);
        require("scales of tokens", x.scale(), groups, 4);
        require("sums of tokens", x.sum(), groups, 4);
        require("codes of weights", weights.codes(), layout.bytes(), COPY_ALIGNMENT);
        require("steps of weights", weights.step(), layout.rows() * 4L, 4);
        require("zero points of weights", weights.zero(), layout.rows() * 4L, 4);
        require("output", y.data(), cells * elementBytes, COPY_ALIGNMENT);
        if (weights.bias() != null) {
            require("bias", weights.bias(), layout.rows() * 4L, 4);
        }
        if (y.residual() != null) {
            require("residual", y.residual(), cells * elementBytes, alignment);
        }
        if (y.gate() != null) {
            int timesteps = y.gate().timesteps();
            if (timesteps < 1 || x.rows() % timesteps != 0) {
                throw new IllegalArgumentException("a gate of " + timesteps + " timesteps for " + x.rows()
                        + " tokens; they must divide the tokens");
            }
            require("gate", y.gate().values(), (long) timesteps * layout.rows() * elementBytes, alignment);
        }
    }

    private static void require(String what, DeviceSpan span, long bytes, int alignment) {
        if (span.sizeBytes() < bytes) {
            throw new IllegalArgumentException(what + ": " + span.sizeBytes() + " bytes, " + bytes + " are needed");
        }
        if (span.pointer() % alignment != 0) {
            throw new IllegalArgumentException(
                    what + " at address " + span.pointer() + "; a multiple of " + alignment + " bytes is needed");
        }
    }
}
