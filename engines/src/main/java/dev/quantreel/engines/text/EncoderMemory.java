package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Map;

/// What a text encoder holds, from shapes alone, before anything is read. The embedding table stays in the file.
///
/// @param codeBytes matrices rounded to fewer bits
/// @param mappedBytes matrices read where the file has them
/// @param decodedBytes matrices that the file has packed and that are unpacked once to be kept
/// @param copiedBytes what is small
/// @param widestBytes the largest matrix as F32
/// @param activationBytes for a prompt of full length
public record EncoderMemory(
        long codeBytes, long mappedBytes, long decodedBytes, long copiedBytes, long widestBytes, long activationBytes) {

    private static final long STREAMED_FROM = 1 << 20;

    /// F32 matrices of scores that live at once per head: bias, scores, weights.
    private static final int SCORE_MATRICES = 3;

    /// F32 vectors of a token that live at once.
    private static final int TOKEN_VECTORS = 8;

    /// @param tokens of the longest prompt
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is no text encoder
    public static EncoderMemory of(Checkpoint checkpoint, EncoderPrecision precision, int tokens) {
        EncoderKeys keys = EncoderKeys.of(checkpoint);
        EncoderConfig config = EncoderConfig.of(keys);
        Sums sums = new Sums(keys, precision);
        long widest = config.dim();
        for (Map.Entry<String, Shape> tensor : config.shapes().entrySet()) {
            if (!tensor.getKey().equals(config.embedding())) {
                sums.add(tensor.getKey(), tensor.getValue());
                if (tensor.getValue().rank() == 2) {
                    widest = Math.max(widest, tensor.getValue().dim(0));
                }
            }
        }
        long scores = (long) SCORE_MATRICES * config.heads() * tokens * tokens;
        long vectors = tokens * (TOKEN_VECTORS * (long) config.dim() + 3 * widest);
        return new EncoderMemory(
                sums.codes,
                sums.mapped,
                sums.decoded,
                sums.copied,
                Float.BYTES * sums.widest,
                Float.BYTES * (scores + vectors));
    }

    private static final class Sums {
        private final Checkpoint keys;
        private final EncoderPrecision precision;
        private long codes;
        private long mapped;
        private long decoded;
        private long copied;
        private long widest;

        Sums(Checkpoint keys, EncoderPrecision precision) {
            this.keys = keys;
            this.precision = precision;
        }

        void add(String name, Shape shape) {
            long elements = shape.elements();
            int block =
                    shape.rank() == 2 && !precision.isFull() ? precision.blockFor(Math.toIntExact(shape.dim(1))) : 0;
            if (block > 0) {
                codes += elements * precision.bits() / 8 + (Float.BYTES + 1) * elements / block;
            } else if (shape.rank() == 2 && elements >= STREAMED_FROM) {
                stream(name, elements);
            } else {
                copied += Float.BYTES * elements;
            }
        }

        private void stream(String name, long elements) {
            DType dtype = keys.dtype(name);
            boolean readable = dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
            long bytes = readable ? dtype.byteSize(elements) : Float.BYTES * elements;
            if (readable && keys.storedBytes(name) >= bytes) {
                mapped += bytes;
            } else {
                decoded += bytes;
            }
            widest = Math.max(widest, elements);
        }
    }
}
