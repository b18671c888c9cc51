package dev.quantreel.engines.export;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// How the products of quantized linears are written down.
public enum ExportForm {
    /// Standard `MatMulInteger`, `Cast` and `Mul`, with the scales of activations computed in the graph: the
    /// exact integers of the native engines, for any engine that runs ONNX. TensorRT has no MatMulInteger.
    INTEGER("integer", "integer products, as natively"),
    /// `QuantizeLinear` and `DequantizeLinear` around a `MatMul`, strongly typed: 8-bit activations with the
    /// row-normalised static scale, weights of up to 8 bits carried as INT8. What TensorRT runs as W8A8.
    QDQ_INT8("qdq-int8", "W8A8"),
    /// 4-bit weights in blocks behind `DequantizeLinear`, products in 16 bits: W4A16, which saves memory and no
    /// time.
    INT4("int4", "W4A16"),
    /// As [#QDQ_INT8] in FP8 E4M3, for chips that have it (Ada, Hopper, Blackwell).
    FP8("fp8", "FP8 weights and activations"),
    /// No quantization: the baseline that the others are measured against.
    PLAIN("plain", "no quantization");

    private final String id;
    private final String says;

    ExportForm(String id, String says) {
        this.id = id;
        this.says = says;
    }

    /// As commands write it.
    public String id() {
        return id;
    }

    /// What the products are, in the words of the field. Never W4A4 for what is W4A16.
    public String says() {
        return says;
    }

    /// Whether the graphs declare every type and are made for TensorRT.
    public boolean isTyped() {
        return this != INTEGER;
    }

    /// Whether weights must have been quantized.
    public boolean isQuantized() {
        return this != PLAIN;
    }

    public static Optional<ExportForm> of(String id) {
        return Arrays.stream(values()).filter(form -> form.id.equals(id)).findFirst();
    }

    /// All ids, for messages.
    public static String ids() {
        return Arrays.stream(values()).map(ExportForm::id).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return id;
    }
}
