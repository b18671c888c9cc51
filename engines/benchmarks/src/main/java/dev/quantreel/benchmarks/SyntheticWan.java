package dev.quantreel.benchmarks;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// A Wan 2.1 text-to-video transformer of the real width (1536 channels, 12 heads, 8960 in the feed-forward network)
/// with seeded random BF16 weights in memory, and as many blocks as are wanted.
final class SyntheticWan {

    static final int DIM = 1536;
    static final int FFN = 8960;
    static final int HEAD_DIM = 128;
    static final int TEXT = 512;

    /// Blocks of the released model.
    static final int LAYERS = 30;

    private static final int TEXT_DIM = 4096;
    private static final int FREQUENCIES = 256;
    private static final int CHANNELS = 16;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private SyntheticWan() {}

    static Checkpoint of(int layers) {
        SyntheticWan model = new SyntheticWan();
        model.normal("patch_embedding.weight", 0.1f, DIM, CHANNELS, 1, 2, 2);
        model.normal("patch_embedding.bias", 0.02f, DIM);
        model.linear("text_embedding.0", TEXT_DIM, DIM);
        model.linear("text_embedding.2", DIM, DIM);
        model.linear("time_embedding.0", FREQUENCIES, DIM);
        model.linear("time_embedding.2", DIM, DIM);
        model.linear("time_projection.1", DIM, 6 * DIM);
        for (int i = 0; i < layers; i++) {
            model.block("blocks." + i + ".");
        }
        model.normal("head.modulation", 0.02f, 1, 2, DIM);
        model.linear("head.head", DIM, 4 * CHANNELS);
        return new MemoryCheckpoint("synthetic Wan of " + layers + " blocks", model.tensors, Map.of());
    }

    private void block(String prefix) {
        normal(prefix + "modulation", 0.02f, 1, 6, DIM);
        attention(prefix + "self_attn.");
        normal(prefix + "norm3.weight", 1, DIM);
        normal(prefix + "norm3.bias", 0.02f, DIM);
        attention(prefix + "cross_attn.");
        linear(prefix + "ffn.0", DIM, FFN);
        linear(prefix + "ffn.2", FFN, DIM);
    }

    private void attention(String prefix) {
        for (String part : new String[] {"q", "k", "v", "o"}) {
            linear(prefix + part, DIM, DIM);
        }
        normal(prefix + "norm_q.weight", 1, DIM);
        normal(prefix + "norm_k.weight", 1, DIM);
    }

    private void linear(String layer, int in, int out) {
        normal(layer + ".weight", (float) (1 / Math.sqrt(in)), out, in);
        normal(layer + ".bias", 0.02f, out);
    }

    private void normal(String name, float deviation, long... dims) {
        tensors.put(name, gaussian(DType.BF16, tensors.size(), deviation, dims));
    }

    /// Gaussian values (sums of uniform ones), the same for any number of threads.
    static Tensor gaussian(DType dtype, long seed, float deviation, long... dims) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(dims));
        int chunk = 1 << 16;
        int chunks = Math.toIntExact(Math.ceilDiv(tensor.elements(), chunk));
        IntStream.range(0, chunks).parallel().forEach(part -> {
            SplittableRandom random = new SplittableRandom(seed << 32 | part);
            long end = Math.min(tensor.elements(), (part + 1L) * chunk);
            for (long i = (long) part * chunk; i < end; i++) {
                float value = deviation * normal(random.nextLong());
                if (dtype == DType.BF16) {
                    tensor.data().set(SHORT, 2 * i, (short) (Float.floatToIntBits(value) >>> 16));
                } else {
                    tensor.data().set(Tensor.FLOAT, 4 * i, value);
                }
            }
        });
        return tensor;
    }

    /// Four uniform numbers added: variance 4/12, hence the factor.
    private static float normal(long bits) {
        int sum = (int) (bits & 0xFFFF)
                + (int) (bits >>> 16 & 0xFFFF)
                + (int) (bits >>> 32 & 0xFFFF)
                + (int) (bits >>> 48);
        return (sum / 65536f - 2) * 1.7320508f;
    }
}
