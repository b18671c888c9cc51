package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaFunction;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import java.util.Optional;

/// Rotates and quantizes the rows of an activation in one pass over memory (kernels `qr_*rotate_quantize_*`):
/// an optional producer, random signs and a block Hadamard transform (QuaRot, DVD-Quant's ARQ), scales, codes
/// and their sum for the zero-point term.
///
/// One kernel serves all bit widths, so that delta-GBS switches by an argument. Everything but the GELU gives
/// the codes of [dev.quantreel.engines.quant.QuantizedActivation] bit for bit; the twin is
/// `dev.quantreel.engines.runtime.cuda.twin.RotateQuantizeTwin`. Rows with a NaN get a scale of 1 (their NaN
/// become 0), rows with an infinity codes of 0. Thread-safe.
public final class RotateQuantize {

    /// The source file of the kernels.
    public static final String UNIT = "rotate_quantize";

    /// Bytes of a vector load.
    private static final int VECTOR_BYTES = 16;

    private final KernelLibrary kernels;

    public RotateQuantize(KernelLibrary kernels) {
        this.kernels = kernels;
    }

    /// An activation `[rows, width]`, row after row, from an address that is a multiple of 16 on.
    ///
    /// @param type F32 or BF16
    /// @param width a multiple of 16 up to [RowGeometry#MAX_WIDTH]
    public record Rows(DeviceSpan values, DType type, int rows, int width) {
        public Rows {
            if (type != DType.F32 && type != DType.BF16) {
                throw new IllegalArgumentException("rows of " + type + "; F32 and BF16 are accepted");
            }
            require("values", values, (long) rows * width * type.bits() / Byte.SIZE, VECTOR_BYTES);
        }
    }

    /// Where the result goes.
    ///
    /// @param codes S8 `[rows, width]`, or nibbles `[rows, width / 2]`
    /// @param scales F32 `[rows]`, or `[rows, width / groupSize]`
    /// @param sums S32 `[rows]`, sums of codes (with multiples, of the multiplied ones), where wanted
    public record Output(DeviceSpan codes, DeviceSpan scales, Optional<DeviceSpan> sums) {}

    /// Queues the kernel.
    ///
    /// @param rotation of the rows' width; none where they are not rotated
    /// @throws IllegalArgumentException when shapes do not fit, naming them
    public void launch(CudaStream stream, Rows x, RowProducer producer, Optional<DeviceRotation> rotation, Step step) {
        RowGeometry geometry = RowGeometry.of(x.width);
        check(x, rotation, step);
        if (producer instanceof RowProducer.Norm norm) {
            check(x, norm);
        }
        if (x.rows == 0) {
            return;
        }
        CudaFunction kernel = kernels.function(UNIT, name(producer, x.type, geometry));
        boolean staged = rotation.map(DeviceRotation::needsStaging).orElse(false);
        kernel.launch(
                stream,
                new Dim3(Math.ceilDiv(x.rows, geometry.rows()), 1, 1),
                new Dim3(geometry.threads(), geometry.rows(), 1),
                staged ? geometry.rows() * x.width * Float.BYTES : 0,
                arguments(x, producer, rotation, step));
    }

    /// What is made of the rows.
    public record Step(CodeFormat format, Output output) {}

    private static KernelArguments arguments(
            Rows x, RowProducer producer, Optional<DeviceRotation> rotation, Step step) {
        KernelArguments arguments =
                KernelArguments.of().pointer(x.values).i32(x.rows).i32(x.width);
        pointer(arguments, rotation.map(DeviceRotation::factors));
        pointer(arguments, rotation.flatMap(DeviceRotation::sources));
        arguments.i32(rotation.map(r -> r.blocks().blockSize()).orElse(1));
        CodeFormat format = step.format;
        arguments
                .i32(format.scaling().ordinal())
                .i32(Math.max(format.groupSize(), RowGeometry.CHUNK))
                .f32(format.maxCode())
                .f32(format.clip())
                .pointer(step.output.codes)
                .i32(format.packed() ? 1 : 0)
                .pointer(step.output.scales);
        pointer(arguments, step.output.sums);
        if (producer instanceof RowProducer.Norm norm) {
            pointer(arguments, norm.gain());
            pointer(arguments, norm.shift());
            return arguments
                    .f32(norm.gainOffset())
                    .f32(norm.epsilon())
                    .i32(norm.rowsPerModulation())
                    .i32(norm.centred() ? 1 : 0);
        }
        return arguments.nullPointer().nullPointer().f32(0).f32(0).i32(1).i32(0);
    }

    private static void pointer(KernelArguments arguments, Optional<DeviceSpan> span) {
        if (span.isPresent()) {
            arguments.pointer(span.get());
        } else {
            arguments.nullPointer();
        }
    }

    private static String name(RowProducer producer, DType type, RowGeometry geometry) {
        String prefix =
                switch (producer) {
                    case RowProducer.None() -> "qr_";
                    case RowProducer.Gelu() -> "qr_gelu_";
                    case RowProducer.Norm _ -> "qr_norm_";
                };
        return prefix + "rotate_quantize_" + (type == DType.F32 ? "f32_" : "bf16_") + geometry.chunks();
    }

    private static void check(Rows x, Optional<DeviceRotation> rotation, Step step) {
        rotation.ifPresent(r -> {
            if (r.width() != x.width) {
                throw new IllegalArgumentException(
                        "a rotation of " + r.width() + " channels on rows of " + x.width + "; they must be equal");
            }
        });
        CodeFormat format = step.format;
        if (format.groupSize() > 0 && x.width % format.groupSize() != 0) {
            throw new IllegalArgumentException(
                    "groups of " + format.groupSize() + " channels do not divide rows of " + x.width);
        }
        require("codes", step.output.codes, (long) x.rows * format.rowBytes(x.width), VECTOR_BYTES);
        long scales = (long) x.rows * format.scalesPerRow(x.width);
        require("scales", step.output.scales, scales * Float.BYTES, Float.BYTES);
        step.output.sums.ifPresent(sums -> require("sums", sums, (long) x.rows * Integer.BYTES, Integer.BYTES));
    }

    private static void check(Rows x, RowProducer.Norm norm) {
        long groups = Math.ceilDiv(x.rows, norm.rowsPerModulation());
        norm.gain().ifPresent(gain -> require("gain", gain, groups * x.width * Float.BYTES, VECTOR_BYTES));
        norm.shift().ifPresent(shift -> require("shift", shift, groups * x.width * Float.BYTES, VECTOR_BYTES));
    }

    private static void require(String what, DeviceSpan span, long bytes, int alignment) {
        if (span.sizeBytes() < bytes || span.pointer() % alignment != 0) {
            throw new IllegalArgumentException(what + " has " + span.sizeBytes() + " bytes at address " + span.pointer()
                    + "; " + bytes + " from a multiple of " + alignment + " on are needed");
        }
    }
}
