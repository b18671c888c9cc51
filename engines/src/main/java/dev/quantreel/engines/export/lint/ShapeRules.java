package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Inputs, outputs and constants of a whole graph: types, ranks, and extents that are fixed or have a name and
/// a range.
final class ShapeRules {

    /// Most axes of a tensor (`Dims::MAX_DIMS`).
    private static final int MAX_RANK = 8;

    /// Types of a network's inputs and outputs. DOUBLE is cast to FLOAT by the parser, with clamping; quantized
    /// types exist between a Quantize and a Dequantize alone.
    private static final Set<DType> OUTER =
            EnumSet.of(DType.F32, DType.F16, DType.BF16, DType.I32, DType.I64, DType.U8, DType.BOOL);

    private static final Set<DType> CONSTANT = EnumSet.of(
            DType.F32,
            DType.F16,
            DType.BF16,
            DType.I32,
            DType.I64,
            DType.BOOL,
            DType.I8,
            DType.I4,
            DType.F8_E4M3,
            DType.F4);

    private ShapeRules() {}

    static void check(GraphProto graph, Optional<Map<String, InputRange>> ranges, Findings findings) {
        for (ValueInfoProto input : graph.getInputList()) {
            boolean isConstant = graph.getInitializerList().stream()
                    .anyMatch(constant -> constant.getName().equals(input.getName()));
            if (!isConstant) {
                outer("input " + input.getName(), input, findings);
                dims(input, findings);
                ranges.ifPresent(own -> range(input, own, findings));
            }
        }
        graph.getOutputList().forEach(output -> outer("output " + output.getName(), output, findings));
        graph.getInitializerList().forEach(constant -> constant(constant, findings));
    }

    private static void outer(String place, ValueInfoProto value, Findings findings) {
        int code = value.getType().getTensorType().getElemType();
        if (ElementTypes.known(code).filter(OUTER::contains).isEmpty()) {
            String found = ElementTypes.known(code).map(DType::name).orElse("element type " + code);
            findings.refuse(place, found, OUTER.toString());
        }
        int rank = value.getType().getTensorType().getShape().getDimCount();
        if (rank > MAX_RANK) {
            findings.refuse(place, rank + " axes", "at most " + MAX_RANK);
        }
    }

    private static void dims(ValueInfoProto input, Findings findings) {
        if (!input.getType().getTensorType().hasShape()) {
            findings.refuse("input " + input.getName(), "no shape", "a rank, with extents or their names");
            return;
        }
        List<TensorShapeProto.Dimension> dims =
                input.getType().getTensorType().getShape().getDimList();
        for (int axis = 0; axis < dims.size(); axis++) {
            TensorShapeProto.Dimension dim = dims.get(axis);
            boolean named = dim.hasDimParam() && !dim.getDimParam().isEmpty();
            if (!named && dim.getDimValue() < 1) {
                findings.refuse(
                        "input " + input.getName(),
                        "axis " + axis + " without an extent or a name",
                        "extents of 1 and more, or a name and a range in the optimisation profile");
            }
        }
    }

    private static void range(ValueInfoProto input, Map<String, InputRange> ranges, Findings findings) {
        String place = "input " + input.getName();
        InputRange own = ranges.get(input.getName());
        if (own == null) {
            findings.refuse(place, "no range in the optimisation profile", "a range for every input");
            return;
        }
        List<TensorShapeProto.Dimension> dims =
                input.getType().getTensorType().getShape().getDimList();
        if (own.min().size() != dims.size() || own.max().size() != dims.size()) {
            findings.refuse(place, "a range of rank " + own.min().size(), "the rank of the input, " + dims.size());
            return;
        }
        for (int axis = 0; axis < dims.size(); axis++) {
            empty(place, own, axis, findings);
            TensorShapeProto.Dimension dim = dims.get(axis);
            boolean fits = !dim.hasDimValue()
                    || own.min().get(axis) == dim.getDimValue() && own.max().get(axis) == dim.getDimValue();
            if (!fits) {
                findings.refuse(
                        place,
                        "a range of " + own.min().get(axis) + " to " + own.max().get(axis) + " on axis " + axis,
                        "the extent that the graph declares, " + dim.getDimValue());
            }
        }
    }

    /// Products and softmaxes over nothing are legal and nobody's habit; tuning for them is for nothing.
    private static void empty(String place, InputRange own, int axis, Findings findings) {
        if (own.max().get(axis) > 0 && own.opt().get(axis) == 0) {
            findings.refuse(place, "a usual extent of 0 on axis " + axis, "usual extents of 1 and more to tune for");
        } else if (own.min().get(axis) == 0) {
            findings.doubt(place, "a least extent of 0 on axis " + axis, "extents of 1 and more for sure");
        }
    }

    private static void constant(TensorProto constant, Findings findings) {
        String place = "constant " + constant.getName();
        Optional<DType> dtype = ElementTypes.known(constant.getDataType());
        if (dtype.filter(type -> CONSTANT.contains(type) || type == DType.F64).isEmpty()) {
            findings.refuse(
                    place,
                    dtype.map(DType::name).orElse("element type " + constant.getDataType()),
                    CONSTANT.toString());
        }
        if (constant.getDimsCount() > MAX_RANK) {
            findings.refuse(place, constant.getDimsCount() + " axes", "at most " + MAX_RANK);
        }
    }
}
