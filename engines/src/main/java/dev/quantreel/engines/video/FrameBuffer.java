package dev.quantreel.engines.video;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Collects a short clip as F32 in garbage-collected native memory: 12 bytes per pixel. Longer ones go through a
/// [FrameSpool].
public final class FrameBuffer implements PictureSink {

    private @Nullable Tensor rgb;

    @Override
    public void begin(int count, int height, int width) {
        rgb = Tensor.zeros(DType.F32, Shape.of(count, height, width, PictureRows.CHANNELS));
    }

    @Override
    public void add(Tensor part, int firstPicture, int firstRow, int firstColumn) {
        Tensor target = tensor();
        PictureRows.of(target, part, firstPicture, firstRow, firstColumn).forEach((at, values) -> {
            for (int i = 0; i < values.length; i++) {
                long offsetBytes = Float.BYTES * (at + i);
                float sum = target.data().get(Tensor.FLOAT, offsetBytes) + values[i];
                target.data().set(Tensor.FLOAT, offsetBytes, sum);
            }
        });
    }

    /// The clip.
    ///
    /// @throws IllegalStateException when it was never begun
    public Frames frames() {
        return new Frames(tensor());
    }

    private Tensor tensor() {
        if (rgb == null) {
            throw new IllegalStateException("no clip was begun");
        }
        return rgb;
    }
}
