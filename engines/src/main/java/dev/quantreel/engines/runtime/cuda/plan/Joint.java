package dev.quantreel.engines.runtime.cuda.plan;

import java.util.Locale;

/// What a plan does in one pass where its graph has several operators.
public enum Joint {
    /// GELU in the epilogue of the product before it.
    GELU_IN_PRODUCT,
    /// Residual, with or without a gate, in the epilogue of the product before it.
    RESIDUAL_IN_PRODUCT,
    /// Scale and shift of adaLN in the pass of the norm.
    MODULATION_IN_NORM,
    /// Norm, scale and shift in the pass that rotates and quantizes.
    NORM_IN_QUANTIZATION,
    /// GELU in the pass that rotates and quantizes.
    GELU_IN_QUANTIZATION,
    /// Norm and rotary positions.
    NORM_WITH_ROTARY,
    /// Rows that were written where they are joined, instead of being copied there.
    ROWS_IN_PLACE,
    /// Arrays that are BF16 between two kernels.
    BF16_ARRAYS;

    /// For people.
    public String text() {
        return name().toLowerCase(Locale.ROOT)
                .replace('_', ' ')
                .replace("gelu", "GELU")
                .replace("bf16", "BF16");
    }
}
