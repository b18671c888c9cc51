package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.tensor.DType;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The operators of ONNX that TensorRT 10.15's parser knows, with the element types of their data: the table
/// `docs/operators.md` of onnx-tensorrt at its release 10.15.
final class TensorRtOperators {

    private static final Set<DType> FLOATS = EnumSet.of(DType.F32, DType.F16, DType.BF16);
    private static final Set<DType> NARROW_FLOATS = EnumSet.of(DType.F32, DType.F16);
    private static final Set<DType> NUMBERS = with(FLOATS, DType.I32, DType.I64);
    private static final Set<DType> ANY = with(NUMBERS, DType.BOOL);
    private static final Set<DType> BOOLEANS = EnumSet.of(DType.BOOL);

    private static final Map<String, Set<DType>> TYPES = table();

    /// What to write instead of operators that there are none of.
    private static final Map<String, String> INSTEAD = Map.of(
            "MatMulInteger", "QuantizeLinear and DequantizeLinear around a MatMul",
            "DynamicQuantizeLinear", "a division by the token's own scale, then QuantizeLinear with a constant one",
            "QLinearMatMul", "QuantizeLinear and DequantizeLinear around a MatMul",
            "ConvInteger", "QuantizeLinear and DequantizeLinear around a Conv",
            "QLinearConv", "QuantizeLinear and DequantizeLinear around a Conv",
            "BitShift", "constants that are unpacked already, or INT4 behind DequantizeLinear");

    private TensorRtOperators() {}

    /// Types of an operator's data; empty when there is no such operator.
    static Optional<Set<DType>> types(String op) {
        return Optional.ofNullable(TYPES.get(op));
    }

    /// What is accepted in place of an operator that is not.
    static String instead(String op) {
        return INSTEAD.getOrDefault(op, "operators of its table of opset 24 (onnx-tensorrt, operators.md)");
    }

    private static Set<DType> with(Set<DType> types, DType... more) {
        Set<DType> all = EnumSet.copyOf(types);
        all.addAll(Set.of(more));
        return all;
    }

    private static Map<String, Set<DType>> table() {
        Map<String, Set<DType>> table = new HashMap<>();
        add(
                table,
                FLOATS,
                "Acos Acosh Asin Asinh Atan Atanh AveragePool BatchNormalization Ceil Celu Clip Conv ConvTranspose Cos"
                        + " Cosh CumSum Dropout Einsum Elu Erf Exp Floor Gemm GlobalAveragePool GlobalLpPool"
                        + " GlobalMaxPool GroupNormalization GRU HardSigmoid HardSwish Hardmax ImageScaler"
                        + " InstanceNormalization IsInf LayerNormalization LeakyRelu Log LogSoftmax LRN LSTM"
                        + " LpNormalization LpPool MatMul MaxPool MeanVarianceNormalization ParametricSoftplus PRelu"
                        + " QuantizeLinear RandomNormal RandomNormalLike RandomUniform RandomUniformLike Reciprocal"
                        + " Resize RMSNormalization RNN RotaryEmbedding Round ScaledTanh Scan Selu Sigmoid Sin Sinh"
                        + " Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Upsample");
        add(
                table,
                NUMBERS,
                "Abs Add ArgMax ArgMin DepthToSpace Div Equal Greater GreaterOrEqual IsNaN Less LessOrEqual Max Min Mod"
                        + " Mul Neg Pad Pow Range ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean"
                        + " ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Scatter ScatterElements ScatterND Shrink"
                        + " Sign SpaceToDepth Sub Sum TopK");
        add(
                table,
                ANY,
                "Concat Expand EyeLike Flatten Gather GatherElements GatherND Identity If Loop OneHot Reshape"
                        + " ReverseSequence Shape Size Slice Split Squeeze Tile Transpose Trilu Unsqueeze Where");
        add(table, BOOLEANS, "And Not Or Xor");
        add(
                table,
                NARROW_FLOATS,
                "BlackmanWindow DeformConv GridSample HammingWindow HannWindow Mish NonMaxSuppression NonZero RoiAlign");
        add(table, EnumSet.of(DType.F32), "STFT");
        add(table, with(ANY, DType.U8), "Cast CastLike");
        add(table, with(ANY, DType.F8_E4M3, DType.F4, DType.I4), "Constant ConstantOfShape");
        add(table, EnumSet.of(DType.I8, DType.F8_E4M3, DType.F4, DType.I4), "DequantizeLinear");
        add(table, with(FLOATS, DType.I8, DType.F8_E4M3), "Attention");
        add(table, with(NUMBERS, DType.I8), "Gelu");
        add(table, with(NUMBERS, DType.F8_E4M3), "Mean");
        add(table, with(FLOATS, DType.I32), "TensorScatter");
        return table;
    }

    private static void add(Map<String, Set<DType>> table, Set<DType> types, String ops) {
        for (String op : ops.split(" ")) {
            table.put(op, types);
        }
    }
}
