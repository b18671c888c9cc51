package dev.quantreel.engines.runtime.cuda.plan;

/// How the scale of a token is found, once the bits are known.
public enum TokenMode {
    /// From its largest magnitude.
    TOKEN,
    /// By blocks of channels, as multiples of the token's scale.
    BLOCK,
    /// From its root mean square.
    ROW_NORM;

    /// Largest code that still counts as fewer than 8 bits: half way between those of 7 and 8 bits.
    private static final float EIGHT_BITS_FROM = 95;

    /// @param attributes of a RotateQuantize
    /// @param max its largest code
    /// @throws IllegalArgumentException for an unknown mode
    public static TokenMode of(NodeAttributes attributes, Operand max) {
        String mode = attributes.text("mode", "");
        return switch (mode) {
            case "token" -> TOKEN;
            case "block" -> BLOCK;
            case "row_norm" -> ROW_NORM;
            case "auto" -> max.known("the largest code").first() > EIGHT_BITS_FROM ? ROW_NORM : BLOCK;
            default ->
                throw new IllegalArgumentException(
                        "mode is '" + mode + "'; accepted are token, block, row_norm and auto");
        };
    }

    boolean hasMultipliers() {
        return this == BLOCK;
    }
}
