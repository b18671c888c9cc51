package dev.quantreel.engines.gguf;

import dev.quantreel.engines.internal.kernel.GgmlBlocks;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// How a tensor of a GGUF file is stored: a float type, or blocks of codes with their scales (ggml, `ggml-common.h`).
public enum GgmlType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    BF16(30, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210);

    /// Types that exist but are not read, for messages.
    private static final Map<Integer, String> OTHERS = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(20, "IQ4_NL"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(23, "IQ4_XS"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(39, "MXFP4"));

    private final int number;
    private final int blockElements;
    private final int blockBytes;

    GgmlType(int number, int blockElements, int blockBytes) {
        this.number = number;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// The type of a number in a tensor description.
    static Optional<GgmlType> of(long number) {
        return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
    }

    /// What a number means that [#of] does not know.
    static String describe(long number) {
        String name = number >= 0 && number < 256 ? OTHERS.get((int) number) : null;
        return (name == null ? "unknown type " + number : "type " + name) + ", which cannot be read; accepted are "
                + Arrays.stream(values()).map(GgmlType::name).collect(Collectors.joining(" "));
    }

    /// Elements of a block.
    public int blockElements() {
        return blockElements;
    }

    /// Bytes of a block.
    public int blockBytes() {
        return blockBytes;
    }

    public boolean isFloat() {
        return blockElements == 1;
    }

    /// The type in which a tensor of this type is handed out.
    public DType dtype() {
        return switch (this) {
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            default -> DType.F32;
        };
    }

    /// As file names spell it: `Q4_K`, `bf16`.
    public String word() {
        return switch (this) {
            case F32 -> "fp32";
            case F16 -> "fp16";
            case BF16 -> name().toLowerCase(Locale.ROOT);
            default -> name();
        };
    }

    /// Unpacks whole blocks.
    ///
    /// @param blocks a whole number of blocks
    /// @param into as many values as the blocks hold
    /// @throws IllegalStateException for float types, which have no blocks
    void decode(byte[] blocks, float[] into) {
        int count = blocks.length / blockBytes;
        for (int i = 0; i < count; i++) {
            int at = i * blockBytes;
            int to = i * blockElements;
            switch (this) {
                case Q4_0 -> GgmlBlocks.q4With0(blocks, at, into, to);
                case Q4_1 -> GgmlBlocks.q4With1(blocks, at, into, to);
                case Q5_0 -> GgmlBlocks.q5With0(blocks, at, into, to);
                case Q5_1 -> GgmlBlocks.q5With1(blocks, at, into, to);
                case Q8_0 -> GgmlBlocks.q8With0(blocks, at, into, to);
                case Q2_K -> GgmlBlocks.q2K(blocks, at, into, to);
                case Q3_K -> GgmlBlocks.q3K(blocks, at, into, to);
                case Q4_K -> GgmlBlocks.q4K(blocks, at, into, to);
                case Q5_K -> GgmlBlocks.q5K(blocks, at, into, to);
                case Q6_K -> GgmlBlocks.q6K(blocks, at, into, to);
                case F32, F16, BF16 -> throw new IllegalStateException(this + " has no blocks");
            }
        }
    }
}
