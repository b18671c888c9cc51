package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import org.jspecify.annotations.Nullable;

/// A linear's weights on a GPU as [LowBitGemm] reads them: one set for 4- and 8-bit activations. A view that
/// owns nothing; all parts lie in one range, which [WeightPacker#write] fills on the host, so that a linear
/// moves with one copy.
///
/// The weight is `step_n * (code - zero_n)`.
///
/// @param layout of the codes
/// @param codes in the packed order
/// @param step F32 `[rows]`
/// @param zero S32 `[rows]`
/// @param bias F32 `[rows]`, or null
public record PackedWeights(
        PackedLayout layout,
        DeviceSpan codes,
        DeviceSpan step,
        DeviceSpan zero,
        @Nullable DeviceSpan bias) {

    private static final int ALIGNMENT = 256;

    /// Bytes of all parts; there is room for a bias whether there is one or not.
    public static long bytes(PackedLayout layout) {
        return biasOffset(layout) + vectorBytes(layout);
    }

    /// The parts within a range of device memory.
    ///
    /// @param range [#bytes] long
    public static PackedWeights at(PackedLayout layout, DeviceSpan range, boolean hasBias) {
        long vector = layout.rows() * 4L;
        return new PackedWeights(
                layout,
                range.slice(0, layout.bytes()),
                range.slice(stepOffset(layout), vector),
                range.slice(zeroOffset(layout), vector),
                hasBias ? range.slice(biasOffset(layout), vector) : null);
    }

    static long stepOffset(PackedLayout layout) {
        return layout.bytes();
    }

    static long zeroOffset(PackedLayout layout) {
        return stepOffset(layout) + vectorBytes(layout);
    }

    static long biasOffset(PackedLayout layout) {
        return zeroOffset(layout) + vectorBytes(layout);
    }

    private static long vectorBytes(PackedLayout layout) {
        return Math.ceilDiv(layout.rows() * 4L, ALIGNMENT) * ALIGNMENT;
    }
}
