package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads small integer tensors.
final class Contents {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Contents() {}

    static long[] longs(Tensor tensor) {
        if (tensor.dtype() != DType.I64 && tensor.dtype() != DType.I32) {
            throw new IllegalArgumentException(
                    "integers are expected, the tensor is " + tensor.dtype() + tensor.shape());
        }
        long[] values = new long[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.dtype() == DType.I64
                    ? tensor.data().get(LONG, 8L * i)
                    : tensor.data().get(INT, 4L * i);
        }
        return values;
    }
}
