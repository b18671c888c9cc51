package dev.quantreel.engines.tensor;

import dev.quantreel.engines.internal.kernel.ReductionKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/// A NaN or an infinity found among weights or latents.
///
/// @param tensor name of the tensor
/// @param index position among its elements, in C order
/// @param value NaN, or an infinity
public record NonFinite(String tensor, long index, double value) {

    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int CHUNK = 1 << 16;

    /// The first one in file order; reads every float weight.
    public static Optional<NonFinite> firstIn(Checkpoint checkpoint) {
        for (String name : checkpoint.names()) {
            Optional<NonFinite> found = firstIn(name, checkpoint.tensor(name));
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /// The first one of a tensor; none in integer tensors.
    ///
    /// @param name goes into the result
    public static Optional<NonFinite> firstIn(String name, Tensor tensor) {
        return switch (tensor.dtype()) {
            case F32 ->
                tensor.data().isMapped()
                        ? piecewise(name, tensor)
                        : found(name, ReductionKernels.best().firstNonFinite(tensor.data()), tensor.data());
            case F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0 -> piecewise(name, tensor);
            case F64 -> doubles(name, tensor.data());
            default -> Optional.empty();
        };
    }

    /// "NaN at element 12 of blocks.0.ffn.0.weight".
    public String describe() {
        return (Double.isNaN(value) ? "NaN" : "infinity") + " at element " + index + " of " + tensor;
    }

    private static Optional<NonFinite> found(String name, long index, MemorySegment floats) {
        return index < 0
                ? Optional.empty()
                : Optional.of(new NonFinite(name, index, floats.get(Tensor.FLOAT, 4 * index)));
    }

    private static Optional<NonFinite> piecewise(String name, Tensor tensor) {
        long elementBytes = tensor.dtype().bits() / 8;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(4L * CHUNK);
            for (long begin = 0; begin < tensor.elements(); begin += CHUNK) {
                long count = Math.min(CHUNK, tensor.elements() - begin);
                MemorySegment part = tensor.data().asSlice(begin * elementBytes, count * elementBytes);
                MemorySegment chunk = floats.asSlice(0, 4 * count);
                Conversions.toF32(new Tensor(tensor.dtype(), Shape.of(count), part), chunk);
                long index = ReductionKernels.best().firstNonFinite(chunk);
                if (index >= 0) {
                    return Optional.of(new NonFinite(name, begin + index, chunk.get(Tensor.FLOAT, 4 * index)));
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<NonFinite> doubles(String name, MemorySegment data) {
        for (long i = 0; i < data.byteSize() / 8; i++) {
            double value = data.get(DOUBLE, 8 * i);
            if (!Double.isFinite(value)) {
                return Optional.of(new NonFinite(name, i, value));
            }
        }
        return Optional.empty();
    }
}
