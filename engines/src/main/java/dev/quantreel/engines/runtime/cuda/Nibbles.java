package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/// Packed nibbles that are ordinary values of a graph: kernels read whole bytes.
final class Nibbles {

    private Nibbles() {}

    /// The same values, U4 and I4 one to a byte.
    static Tensor widened(Tensor tensor) {
        if (tensor.dtype() != DType.U4 && tensor.dtype() != DType.I4) {
            return tensor;
        }
        boolean signed = tensor.dtype() == DType.I4;
        Tensor wide = Tensor.zeros(signed ? DType.I8 : DType.U8, tensor.shape());
        for (long i = 0; i < wide.elements(); i++) {
            int nibble = tensor.data().get(ValueLayout.JAVA_BYTE, i >> 1) >> 4 * (int) (i & 1) & 0xF;
            wide.data().set(ValueLayout.JAVA_BYTE, i, (byte) (signed ? nibble << 28 >> 28 : nibble));
        }
        return wide;
    }
}
