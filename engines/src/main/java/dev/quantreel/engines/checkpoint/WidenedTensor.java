package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Eight-bit floats without scales as BF16, which holds every value of both types exactly.
///
/// @param source holds the tensor
/// @param name of the tensor
record WidenedTensor(Checkpoint source, String name) implements PackedTensor {

    private static final long PIECE = 1 << 20;

    @Override
    public Shape shape() {
        return source.shape(name);
    }

    @Override
    public DType dtype() {
        return DType.BF16;
    }

    @Override
    public long storedBytes() {
        return source.storedBytes(name);
    }

    @Override
    public Tensor decode() {
        Tensor stored = source.tensor(name);
        Tensor widened = Tensor.zeros(DType.BF16, stored.shape());
        for (long begin = 0; begin < stored.elements(); begin += PIECE) {
            long count = Math.min(PIECE, stored.elements() - begin);
            MemorySegment piece = stored.data().asSlice(begin, count);
            Tensor floats = Conversions.toF32(new Tensor(stored.dtype(), Shape.of(count), piece));
            widened.data()
                    .asSlice(2 * begin, 2 * count)
                    .copyFrom(Conversions.fromF32(floats, DType.BF16).data());
        }
        return widened;
    }
}
