package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// A tensor that a format stores as something else: codes with scales, blocks, narrow floats. Immutable.
interface PackedTensor {

    /// Shape of the weights, not of the codes.
    Shape shape();

    /// Type of what [#decode] returns: F32, or BF16 where that is exact.
    DType dtype();

    /// Bytes of codes and scales.
    long storedBytes();

    /// The weights, in garbage-collected native memory; computed at each call.
    Tensor decode();
}
