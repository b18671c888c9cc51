/// Tensors over native or mapped memory. Read [DType], [Shape], [Tensor], then [Checkpoint] and [Conversions].
@NullMarked
package dev.quantreel.engines.tensor;

import org.jspecify.annotations.NullMarked;
