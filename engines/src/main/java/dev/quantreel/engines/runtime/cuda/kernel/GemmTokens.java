package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;

/// Quantized activations `[rows, columns]` on a GPU: the value is `scale * code`. A view that owns nothing.
///
/// @param codes S8 `[rows, columns]`, or s4 `[rows, columns / 2]` with the even column in the low nibble; starts at a
///     multiple of 16 bytes
/// @param bits 4 or 8: how a code is stored. Codes of fewer bits may be stored in 8
/// @param rows tokens, at least 1
/// @param scale F32 `[rows, columns / group]`
/// @param sum S32 `[rows, columns / group]`: the sum of the codes that share a scale
/// @param group columns that share a scale: all of them, or a multiple of 64
public record GemmTokens(DeviceSpan codes, int bits, int rows, DeviceSpan scale, DeviceSpan sum, int group) {

    public GemmTokens {
        if (rows < 1 || bits != 4 && bits != 8 || group < 1 || codes.pointer() % 16 != 0) {
            throw new IllegalArgumentException("tokens: " + rows + " rows of " + bits + " bits in groups of " + group
                    + " at address " + codes.pointer()
                    + "; accepted are at least 1 row, 4 or 8 bits, and codes at a multiple of 16 bytes");
        }
    }
}
