package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.simulator.DeviceArrays;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Random;

/// A simulated GPU with arrays on it, for tests of launchers.
final class KernelBench implements AutoCloseable {

    private static final long MEMORY_BYTES = 8L << 30;

    final HostSimulator gpu;
    private final DeviceArrays arrays;

    /// An RTX 4090.
    KernelBench() {
        this(8, 9);
    }

    /// A GPU of this compute capability.
    KernelBench(int major, int minor) {
        gpu = HostSimulator.start(major, minor, MEMORY_BYTES);
        arrays = new DeviceArrays(gpu.context());
    }

    CudaStream stream() {
        return gpu.context().defaultStream();
    }

    KernelLibrary kernels() {
        return gpu.kernels();
    }

    /// F32.
    DeviceArray of(float[] values, long... dims) {
        return new DeviceArray(arrays.of(values).span(), DType.F32, Shape.of(dims));
    }

    /// BF16, cut from floats that are bfloat16 already.
    DeviceArray bf16(float[] values, long... dims) {
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        }
        return new DeviceArray(arrays.of(bits).span(), DType.BF16, Shape.of(dims));
    }

    DeviceArray of(int[] values, long... dims) {
        return new DeviceArray(arrays.of(values).span(), DType.I32, Shape.of(dims));
    }

    DeviceArray of(byte[] values, DType dtype, long... dims) {
        return new DeviceArray(arrays.of(values).span(), dtype, Shape.of(dims));
    }

    DeviceArray empty(DType dtype, long... dims) {
        Shape shape = Shape.of(dims);
        return new DeviceArray(memory(dtype.byteSize(shape.elements())).span(), dtype, shape);
    }

    DeviceMemory memory(long bytes) {
        return arrays.empty(Math.max(16, bytes));
    }

    /// The elements of an F32 or BF16 array.
    float[] floats(DeviceArray array) {
        DeviceMemory copy = memory(array.dtype().byteSize(array.shape().elements()));
        stream()
                .copy(
                        copy.slice(0, array.dtype().byteSize(array.shape().elements())),
                        array.span()
                                .slice(0, array.dtype().byteSize(array.shape().elements())));
        float[] result = new float[(int) array.shape().elements()];
        if (array.dtype() == DType.F32) {
            System.arraycopy(arrays.floats(copy), 0, result, 0, result.length);
            return result;
        }
        short[] bits = arrays.shorts(copy);
        for (int i = 0; i < result.length; i++) {
            result[i] = Float.intBitsToFloat(bits[i] << 16);
        }
        return result;
    }

    int[] ints(DeviceArray array) {
        DeviceMemory copy = memory(4 * array.shape().elements());
        stream()
                .copy(
                        copy.slice(0, 4 * array.shape().elements()),
                        array.span().slice(0, 4 * array.shape().elements()));
        int[] result = new int[(int) array.shape().elements()];
        System.arraycopy(arrays.ints(copy), 0, result, 0, result.length);
        return result;
    }

    byte[] bytes(DeviceMemory memory) {
        return arrays.bytes(memory);
    }

    static float[] gaussian(long seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// Values that bfloat16 holds exactly.
    static float[] narrow(float[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = Float.intBitsToFloat(Float.floatToRawIntBits(values[i]) & 0xFFFF0000);
        }
        return result;
    }

    /// Values as an array of this type holds them: F32 as they are, BF16 rounded to the nearest, ties to even.
    static float[] rounded(float[] values, DType dtype) {
        float[] result = values.clone();
        for (int i = 0; i < result.length && dtype == DType.BF16; i++) {
            int bits = Float.floatToRawIntBits(result[i]);
            result[i] = Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000);
        }
        return result;
    }

    /// `|a - b| / |b|`.
    static double relativeError(float[] a, float[] b) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < b.length; i++) {
            error += Math.pow(a[i] - b[i], 2);
            size += Math.pow(b[i], 2);
        }
        return size == 0 ? Math.sqrt(error) : Math.sqrt(error / size);
    }

    @Override
    public void close() {
        arrays.close();
        gpu.close();
    }
}
