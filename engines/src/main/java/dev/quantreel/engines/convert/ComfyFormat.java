package dev.quantreel.engines.convert;

import java.util.Arrays;
import java.util.stream.Collectors;

/// A layout of quantized linears that ComfyUI loads (`comfy_quant`).
public enum ComfyFormat {
    /// Four-bit weights and, when ComfyUI computes, activations; both rotated.
    CONVROT_W4A4("convrot_w4a4", "convrot_w4a4", 4, true),
    /// Eight-bit weights and activations, both rotated.
    INT8_CONVROT("int8_convrot", "int8_tensorwise", 8, true),
    /// Eight-bit weights and activations.
    INT8_TENSORWISE("int8_tensorwise", "int8_tensorwise", 8, false);

    private final String id;
    private final String layout;
    private final int bits;
    private final boolean rotated;

    ComfyFormat(String id, String layout, int bits, boolean rotated) {
        this.id = id;
        this.layout = layout;
        this.bits = bits;
        this.rotated = rotated;
    }

    /// @throws IllegalArgumentException when there is none of this name; lists the names
    public static ComfyFormat of(String id) {
        return Arrays.stream(values())
                .filter(format -> format.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("format is '" + id + "'; accepted are "
                        + Arrays.stream(values()).map(ComfyFormat::id).collect(Collectors.joining(", "))));
    }

    /// Name on the command line and in file names.
    public String id() {
        return id;
    }

    /// What ComfyUI calls it in `comfy_quant`.
    public String layout() {
        return layout;
    }

    /// Bits of a weight.
    public int bits() {
        return bits;
    }

    public boolean rotated() {
        return rotated;
    }
}
