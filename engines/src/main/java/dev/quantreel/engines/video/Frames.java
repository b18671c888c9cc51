package dev.quantreel.engines.video;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// A clip of decoded pictures: sRGB values, nominally in [0, 1]; readers clamp what lies outside and read NaN as 0.
///
/// The record never owns the memory of its tensor. Safe to read from many threads.
///
/// @param rgb `[frames, height, width, 3]`: F32, or U16 where 65535 stands for 1
public record Frames(Tensor rgb) {

    /// What 1 is in 16 bits.
    static final int STEPS_16 = 0xFFFF;

    private static final int CHANNELS = 3;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public Frames {
        Shape shape = rgb.shape();
        boolean known = rgb.dtype() == DType.F32 || rgb.dtype() == DType.U16;
        if (!known || shape.rank() != 4 || shape.dim(3) != CHANNELS || shape.elements() == 0) {
            throw new IllegalArgumentException(
                    "frames are F32 or U16[frames x height x width x 3] and not empty, got " + rgb.dtype() + shape);
        }
        for (int axis = 0; axis < 3; axis++) {
            Math.toIntExact(shape.dim(axis));
        }
        Math.toIntExact(shape.dim(1) * shape.dim(2) * CHANNELS);
    }

    /// Pictures from packed 8-bit RGB, `value / 255`.
    ///
    /// @param rgb24 `count * height * width * 3` bytes in the order frame, row, column, channel
    public static Frames ofBytes(int count, int height, int width, byte[] rgb24) {
        Shape shape = Shape.of(count, height, width, CHANNELS);
        if (rgb24.length != shape.elements()) {
            throw new IllegalArgumentException(
                    shape + " needs " + shape.elements() + " bytes of RGB, got " + rgb24.length);
        }
        Tensor tensor = Tensor.zeros(DType.F32, shape);
        for (int i = 0; i < rgb24.length; i++) {
            tensor.data().set(Tensor.FLOAT, 4L * i, (rgb24[i] & 0xFF) / 255f);
        }
        return new Frames(tensor);
    }

    /// Number of pictures.
    public int count() {
        return (int) rgb.shape().dim(0);
    }

    /// Rows of each picture.
    public int height() {
        return (int) rgb.shape().dim(1);
    }

    /// Columns of each picture.
    public int width() {
        return (int) rgb.shape().dim(2);
    }

    /// Values in one picture, `height * width * 3`.
    public int valuesPerFrame() {
        return height() * width() * CHANNELS;
    }

    /// One picture as stored, not clamped.
    ///
    /// @return `height * width * 3` values in the order row, column, channel
    public float[] frame(int index) {
        float[] values = new float[valuesPerFrame()];
        long first = firstValue(index);
        if (rgb.dtype() == DType.F32) {
            MemorySegment.copy(rgb.data(), Tensor.FLOAT, Float.BYTES * first, values, 0, values.length);
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = (rgb.data().get(U16, Short.BYTES * (first + i)) & STEPS_16) / (float) STEPS_16;
        }
        return values;
    }

    /// One picture as packed 8-bit RGB: clamped to [0, 1], then `round(255 * value)`, halves up.
    ///
    /// @return `height * width * 3` bytes in the order row, column, channel
    public byte[] rgb24(int index) {
        float[] values = frame(index);
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) Math.round(255f * Math.clamp(nanToZero(values[i]), 0f, 1f));
        }
        return bytes;
    }

    /// Frames `from` up to `to`, sharing memory.
    ///
    /// @throws IndexOutOfBoundsException when there are no such frames
    public Frames clip(int from, int to) {
        if (from >= to || to > count()) {
            throw new IndexOutOfBoundsException("frames " + from + " to " + to + " of " + count());
        }
        long bytes = rgb.dtype().byteSize(valuesPerFrame());
        Shape shape = Shape.of(to - from, height(), width(), CHANNELS);
        return new Frames(new Tensor(rgb.dtype(), shape, rgb.data().asSlice(from * bytes, (to - from) * bytes)));
    }

    /// The middle of every frame; the frames themselves when they have that size.
    ///
    /// @throws IllegalArgumentException when the frames are smaller
    public Frames cropped(int height, int width) {
        if (height == height() && width == width()) {
            return this;
        }
        if (height > height() || width > width()) {
            throw new IllegalArgumentException(
                    "cannot crop " + width() + " x " + height() + " pixels to " + width + " x " + height);
        }
        Tensor target = Tensor.zeros(rgb.dtype(), Shape.of(count(), height, width, CHANNELS));
        long pixelBytes = rgb.dtype().byteSize(CHANNELS);
        int top = (height() - height) / 2;
        int left = (width() - width) / 2;
        for (long frame = 0; frame < count(); frame++) {
            for (long row = 0; row < height; row++) {
                long source = ((frame * height() + top + row) * width() + left) * pixelBytes;
                long at = (frame * height + row) * width * pixelBytes;
                MemorySegment.copy(rgb.data(), source, target.data(), at, width * pixelBytes);
            }
        }
        return new Frames(target);
    }

    private long firstValue(int index) {
        if (index < 0 || index >= count()) {
            throw new IndexOutOfBoundsException("frame " + index + " of " + count());
        }
        return (long) index * valuesPerFrame();
    }

    private static float nanToZero(float value) {
        return Float.isNaN(value) ? 0f : value;
    }
}
