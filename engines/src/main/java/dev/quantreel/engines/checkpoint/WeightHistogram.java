package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// How often each of the 65,536 BF16 values occurs. Exact for BF16 weights; others are rounded towards zero to BF16
/// first, which moves a value by less than 0.8 % of itself. One pass and no arithmetic per weight, and everything
/// else
/// follows from the counts.
final class WeightHistogram {

    private static final int PATTERNS = 1 << 16;
    private static final int EXPONENT = 0x7F80;
    private static final int MAGNITUDE = 0x7FFF;
    private static final double OUTLIER_SIGMAS = 6;
    private static final int CHUNK = 1 << 16;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final long[] counts = new long[PATTERNS];

    /// Counts values.
    ///
    /// @param values not mapped, of a float type
    /// @param floats room for [#scratchBytes]
    void add(Tensor values, MemorySegment floats) {
        long elements = values.elements();
        if (values.dtype() == DType.BF16) {
            countPatterns(values.data(), elements);
            return;
        }
        long elementBytes = values.dtype().bits() / 8;
        for (long begin = 0; begin < elements; begin += CHUNK) {
            long count = Math.min(CHUNK, elements - begin);
            MemorySegment part = values.data().asSlice(begin * elementBytes, count * elementBytes);
            MemorySegment wide = floats.asSlice(0, 4 * count);
            Conversions.toF32(new Tensor(values.dtype(), Shape.of(count), part), wide);
            for (long i = 0; i < count; i++) {
                counts[wide.get(INT, 4 * i) >>> 16]++;
            }
        }
    }

    private void countPatterns(MemorySegment data, long elements) {
        for (long i = 0; i < elements; i++) {
            counts[data.get(SHORT, 2 * i) & 0xFFFF]++;
        }
    }

    /// Size of the memory that [#add] works in.
    static long scratchBytes() {
        return 4L * CHUNK;
    }

    /// Adds the counts of another and sets that one to zero.
    void take(WeightHistogram other) {
        for (int i = 0; i < PATTERNS; i++) {
            counts[i] += other.counts[i];
            other.counts[i] = 0;
        }
    }

    /// Whether a NaN or an infinity was counted.
    boolean hasNonFinite() {
        for (int i = EXPONENT; i <= MAGNITUDE; i++) {
            if (counts[i] > 0 || counts[i | 0x8000] > 0) {
                return true;
            }
        }
        return false;
    }

    /// The figures of the finite values.
    TensorStatistics statistics() {
        double count = 0;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < PATTERNS; i++) {
            if (isFinite(i)) {
                double value = value(i);
                count += counts[i];
                sum += counts[i] * value;
                squares += counts[i] * value * value;
            }
        }
        double mean = count == 0 ? 0 : sum / count;
        double variance = count == 0 ? 0 : Math.max(0, squares / count - mean * mean);
        double fourth = 0;
        double outliers = 0;
        double absmax = 0;
        double limit = OUTLIER_SIGMAS * Math.sqrt(variance);
        for (int i = 0; i < PATTERNS; i++) {
            if (counts[i] > 0 && isFinite(i)) {
                double distance = value(i) - mean;
                fourth += counts[i] * Math.pow(distance, 4);
                outliers += Math.abs(distance) > limit ? counts[i] : 0;
                absmax = Math.max(absmax, Math.abs(value(i)));
            }
        }
        double kurtosis = variance > 0 ? fourth / count / (variance * variance) : 0;
        double zeros = count == 0 ? 0 : (counts[0] + counts[0x8000]) / count;
        double ratio = count == 0 ? 0 : outliers / count;
        return new TensorStatistics(
                (long) count, mean, Math.sqrt(variance), new TensorStatistics.Tails(absmax, kurtosis, ratio, zeros));
    }

    private static boolean isFinite(int pattern) {
        return (pattern & EXPONENT) != EXPONENT;
    }

    private static float value(int pattern) {
        return Float.intBitsToFloat(pattern << 16);
    }
}
