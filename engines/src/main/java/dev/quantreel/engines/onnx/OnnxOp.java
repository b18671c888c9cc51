package dev.quantreel.engines.onnx;

import java.util.Set;

/// The operators that Quantreel's graphs are made of, with the arity and attributes of the ONNX operator
/// reference (opset [#OPSET]) or of ONNX Runtime's contrib operators. The builder checks every node against
/// this table.
public enum OnnxOp {
    Abs(1, 1),
    Add(2, 2),
    BitShift(2, 2, "direction"),
    Cast(1, 1, "to"),
    Ceil(1, 1),
    Clip(1, 3),
    Concat(1, Integer.MAX_VALUE, "axis"),
    Conv(2, 3, "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"),
    ConvTranspose(
            2,
            3,
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides"),
    Cos(1, 1),
    DepthToSpace(1, 1, "blocksize", "mode"),
    DequantizeLinear(2, 3, "axis", "block_size"),
    Div(2, 2),
    DynamicQuantizeLinear(1, 1),
    Equal(2, 2),
    Erf(1, 1),
    Exp(1, 1),
    Expand(2, 2),
    Floor(1, 1),
    Gather(2, 2, "axis"),
    Gelu(1, 1, "approximate"),
    Gemm(2, 3, "alpha", "beta", "transA", "transB"),
    Greater(2, 2),
    Identity(1, 1),
    If(1, 1, "then_branch", "else_branch"),
    LayerNormalization(2, 3, "axis", "epsilon", "stash_type"),
    MatMul(2, 2),
    MatMulInteger(2, 4),
    Max(1, Integer.MAX_VALUE),
    Min(1, Integer.MAX_VALUE),
    Mul(2, 2),
    Neg(1, 1),
    Pad(2, 4, "mode"),
    Pow(2, 2),
    QuantizeLinear(2, 3, "axis", "block_size", "output_dtype", "saturate"),
    Range(3, 3),
    Reciprocal(1, 1),
    ReduceL2(1, 2, "keepdims", "noop_with_empty_axes"),
    ReduceMax(1, 2, "keepdims", "noop_with_empty_axes"),
    ReduceMean(1, 2, "keepdims", "noop_with_empty_axes"),
    ReduceMin(1, 2, "keepdims", "noop_with_empty_axes"),
    ReduceSum(1, 2, "keepdims", "noop_with_empty_axes"),
    Relu(1, 1),
    Reshape(2, 2, "allowzero"),
    Resize(1, 4, "coordinate_transformation_mode", "mode", "nearest_mode"),
    Round(1, 1),
    /// Runs `body` for every slice of its inputs along axis 0 and stacks what it puts out.
    Scan(
            1,
            Integer.MAX_VALUE,
            "body",
            "num_scan_inputs",
            "scan_input_axes",
            "scan_input_directions",
            "scan_output_axes",
            "scan_output_directions"),
    Shape(1, 1, "start", "end"),
    Sigmoid(1, 1),
    Sign(1, 1),
    Sin(1, 1),
    Slice(3, 5),
    Softmax(1, 1, "axis"),
    Split(1, 2, "axis", "num_outputs"),
    Sqrt(1, 1),
    Squeeze(1, 2),
    Sub(2, 2),
    Tanh(1, 1),
    Transpose(1, 1, "perm"),
    Unsqueeze(2, 2),
    Where(3, 3),
    /// `com.microsoft.MatMulIntegerToFloat`: operands, their scales, their zero points, bias; the scaled
    /// product in F32.
    MatMulIntegerToFloat("com.microsoft", 4, 7),
    /// `com.microsoft.MatMulNBits`: activations `[.., K]`; codes U8 `[N, blocks, block bytes]`, low nibble
    /// first; steps `[N, blocks]`; zero points U8, packed like the codes.
    MatMulNBits("com.microsoft", 3, 6, "K", "N", "accuracy_level", "bits", "block_size"),
    /// `com.microsoft.MultiHeadAttention`: query, key, value `[batch, tokens, heads * headDim]`.
    MultiHeadAttention("com.microsoft", 1, 10, "num_heads", "scale", "unidirectional", "mask_filter_value"),
    /// `com.microsoft.RotaryEmbedding`: input `[batch, tokens, heads * headDim]`, position ids, cos and sin
    /// `[positions, headDim / 2]`.
    RotaryEmbedding(
            "com.microsoft", 4, 4, "interleaved", "num_heads", "rotary_embedding_dim", "scale", "is_packed_batching"),
    /// ONNX Runtime's RMSNorm, registered in the default domain: input, scale; outputs y, (unused), 1/rms.
    SimplifiedLayerNormalization("", 2, 2, "axis", "epsilon", "stash_type"),
    /// `quantreel.RotateQuantize`: x F32 `[..., K]`, largest code and clip ratio (F32 scalars); outputs codes
    /// I8 like x, scale F32 and sum of the codes I32 `[..., 1]`. The rotation is
    /// [dev.quantreel.engines.rotation.Rotation#of] of `block_size` (0: none) and `seed`; `mode` is token,
    /// block, row_norm or auto, with `group_size` channels per multiplier. Graphs have three inputs; joined
    /// steps of plans may name a `producer` of the rows: `gelu` (tanh form), or `norm` (RMSNorm, with
    /// `centred` 1 LayerNorm, then `* (gain + gain_offset) + shift`) with gain and shift F32 `[stretches of
    /// rows, K]`, which may be left out.
    RotateQuantize(
            OnnxOp.QUANTREEL,
            3,
            5,
            "block_size",
            "centred",
            "epsilon",
            "gain_offset",
            "group_size",
            "mode",
            "producer",
            "seed"),
    /// `quantreel.LowBitMatMul`: codes I8 `[..., K]`, their scale F32 and sum I32 `[..., 1]`; step F32, zero
    /// point I32 and bias F32 `[N]` (may be left out); gate F32 `[stretches of tokens, N]` and residual F32
    /// `[..., N]`, both may be left out; then the tiles of the weight's codes `[K, ...]`, U8 with two to a byte
    /// up to 4 `bits`, beyond I8 (of 8 bits less 128). `y = scale step (Σ_k code c - zero sum) + bias`, then
    /// GELU where `activation` says which (as `approximate` of Gelu), then `* gate`, then `+ residual`.
    LowBitMatMul(OnnxOp.QUANTREEL, 9, Integer.MAX_VALUE, "activation", "bits"),
    /// `quantreel.NormModulate`: x F32 `[..., K]`, weight and bias F32 `[K]`, scale and shift F32 `[stretches
    /// of rows, K]`, all but x may be left out. The norm of the rows, RMSNorm or (`centred` 1) LayerNorm, then
    /// `* weight + bias`, then `* (1 + scale) + shift`.
    NormModulate(OnnxOp.QUANTREEL, 1, 5, "centred", "epsilon"),
    /// `quantreel.NormRotary`: x F32 `[batch, tokens, num_heads * headDim]`, weight and bias F32 (as wide as what is
    /// normalized together, may be left out), first position, cos and sin as of RotaryEmbedding. The norm
    /// of the rows or (`per_head` 1) of each head, RMSNorm or (`centred` 1) LayerNorm, `* weight + bias`,
    /// then rotary positions; with `angles_per_head` 1 row `token * num_heads + head` of the tables is that
    /// of a head.
    NormRotary(OnnxOp.QUANTREEL, 6, 6, "angles_per_head", "centred", "epsilon", "interleaved", "num_heads", "per_head");

    /// Domain of Quantreel's own operators, which its GPU engine and the reference engine know.
    public static final String QUANTREEL = "quantreel";

    /// Opset of the default domain that the graphs declare: the first with 4-bit types and block-wise
    /// QuantizeLinear.
    public static final int OPSET = 21;

    private final String domain;
    private final int minInputs;
    private final int maxInputs;
    private final Set<String> attributes;

    OnnxOp(int minInputs, int maxInputs, String... attributes) {
        this("", minInputs, maxInputs, attributes);
    }

    OnnxOp(String domain, int minInputs, int maxInputs, String... attributes) {
        this.domain = domain;
        this.minInputs = minInputs;
        this.maxInputs = maxInputs;
        this.attributes = Set.of(attributes);
    }

    /// Empty for the standard operators.
    public String domain() {
        return domain;
    }

    void check(int inputs, Set<String> given) {
        if (inputs < minInputs || inputs > maxInputs) {
            throw new IllegalArgumentException(
                    name() + " takes " + minInputs + " to " + maxInputs + " inputs, got " + inputs);
        }
        for (String attribute : given) {
            if (!attributes.contains(attribute)) {
                throw new IllegalArgumentException(
                        name() + " has no attribute " + attribute + "; it has " + attributes);
            }
        }
    }
}
