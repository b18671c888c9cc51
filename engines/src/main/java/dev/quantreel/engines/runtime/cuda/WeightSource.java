package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;

/// A weight of a model before it is on the device.
///
/// @param name its initializer in the graph
/// @param block the block of the transformer that alone reads it; empty where several do
/// @param dtype as kernels read it
/// @param shape as kernels read it
/// @param content where its bytes come from
record WeightSource(String name, String block, DType dtype, Shape shape, Content content) {

    /// Where the bytes of a weight come from.
    sealed interface Content {
        /// They lie in memory as they are.
        record Plain(MemorySegment data) implements Content {}

        /// They are made.
        ///
        /// @param writer puts them into host memory of their size
        record Made(Consumer<MemorySegment> writer) implements Content {}
    }

    /// A weight as it lies in memory.
    static WeightSource of(String name, String block, Tensor tensor) {
        return new WeightSource(name, block, tensor.dtype(), tensor.shape(), new Content.Plain(tensor.data()));
    }

    long bytes() {
        return dtype.byteSize(shape.elements());
    }

    /// Bytes of a buffer through which it is copied well.
    ///
    /// @param chunkBytes enough for those that can be copied in parts
    long stagedBytes(long chunkBytes) {
        return content instanceof Content.Made ? bytes() : Math.min(bytes(), chunkBytes);
    }

    /// Puts its bytes into memory of their size.
    void write(MemorySegment target) {
        switch (content) {
            case Content.Plain(MemorySegment data) -> target.copyFrom(data);
            case Content.Made(Consumer<MemorySegment> writer) -> writer.accept(target);
        }
    }

    /// Lets somebody read its bytes.
    <T> T read(Function<MemorySegment, T> reader) {
        if (content instanceof Content.Plain(MemorySegment data)) {
            return reader.apply(data);
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(Math.max(1, bytes()), 64).asSlice(0, bytes());
            write(memory);
            return reader.apply(memory);
        }
    }
}
