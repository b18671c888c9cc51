package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// A weight of a model before it is on the device.
///
/// @param name its initializer in the graph
/// @param block the block of the transformer that alone reads it; empty where several do
/// @param dtype as kernels read it
/// @param shape as kernels read it
/// @param writer puts its bytes into host memory of their size
record WeightSource(String name, String block, DType dtype, Shape shape, Consumer<MemorySegment> writer) {

    /// A weight as it lies in memory.
    static WeightSource of(String name, String block, Tensor tensor) {
        return new WeightSource(name, block, tensor.dtype(), tensor.shape(), target -> target.copyFrom(tensor.data()));
    }

    long bytes() {
        return dtype.byteSize(shape.elements());
    }
}
