package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Tensors of ours as tensors of ONNX Runtime, and back.
final class OrtTensors {

    private OrtTensors() {}

    static boolean supports(DType dtype) {
        return javaType(dtype) != null;
    }

    /// Wraps native memory without a copy; the caller keeps it alive. Heap memory and memory that is not aligned to
    /// its element are copied first.
    static OnnxTensor wrap(OrtEnvironment environment, Tensor tensor) throws OrtException {
        OnnxJavaType type = javaType(tensor.dtype());
        if (type == null) {
            throw new IllegalArgumentException("ONNX Runtime's Java API has no type for " + tensor.dtype());
        }
        ByteBuffer buffer = aligned(tensor).data().asByteBuffer().order(ByteOrder.nativeOrder());
        return OnnxTensor.createTensor(environment, buffer, tensor.shape().toArray(), type);
    }

    /// Wraps native memory that a run will write into; never a copy.
    ///
    /// @throws IllegalArgumentException when the memory is on the heap or not aligned to its element
    static OnnxTensor pin(OrtEnvironment environment, Tensor tensor) throws OrtException {
        return wrap(environment, requireAligned(tensor));
    }

    /// The tensor itself where it lies in native memory aligned to its element, else a copy.
    static Tensor aligned(Tensor tensor) {
        if (isAligned(tensor)) {
            return tensor;
        }
        Tensor copy = Tensor.zeros(tensor.dtype(), tensor.shape());
        copy.data().copyFrom(tensor.data());
        return copy;
    }

    /// @throws IllegalArgumentException when the memory is on the heap or not aligned to its element
    static Tensor requireAligned(Tensor tensor) {
        if (!isAligned(tensor)) {
            throw new IllegalArgumentException("results are written into aligned native memory only");
        }
        return tensor;
    }

    private static boolean isAligned(Tensor tensor) {
        return tensor.data().isNative()
                && tensor.data().address() % Math.ceilDiv(tensor.dtype().bits(), 8) == 0;
    }

    /// Copies a result out of ONNX Runtime's memory.
    static Tensor copy(OnnxTensor value) {
        DType dtype = dtype(value.getInfo().type);
        Tensor tensor = Tensor.zeros(dtype, Shape.of(value.getInfo().getShape()));
        if (tensor.data().byteSize() > 0) {
            tensor.data().copyFrom(MemorySegment.ofBuffer(value.getByteBuffer()));
        }
        return tensor;
    }

    private static @Nullable OnnxJavaType javaType(DType dtype) {
        return switch (dtype) {
            case F32 -> OnnxJavaType.FLOAT;
            case F64 -> OnnxJavaType.DOUBLE;
            case F16 -> OnnxJavaType.FLOAT16;
            case BF16 -> OnnxJavaType.BFLOAT16;
            case U8 -> OnnxJavaType.UINT8;
            case I8 -> OnnxJavaType.INT8;
            case I16 -> OnnxJavaType.INT16;
            case I32 -> OnnxJavaType.INT32;
            case I64 -> OnnxJavaType.INT64;
            case BOOL -> OnnxJavaType.BOOL;
            case U16, U32, U64, C64, F8_E4M3, F8_E5M2, F8_E8M0, F4, F6_E2M3, F6_E3M2, I4, U4 -> null;
        };
    }

    private static DType dtype(OnnxJavaType type) {
        for (DType dtype : DType.values()) {
            if (javaType(dtype) == type) {
                return dtype;
            }
        }
        throw new IllegalStateException("ONNX Runtime returned a tensor of type " + type);
    }
}
