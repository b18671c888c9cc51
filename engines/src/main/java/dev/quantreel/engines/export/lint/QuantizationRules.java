package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What TensorRT takes of QuantizeLinear and DequantizeLinear, which become its layers Quantize and Dequantize.
///
/// Sources: the pages Quantize and Dequantize of TensorRT's operator reference ("the scale tensor must be a
/// build-time constant", scalar, one-dimensional, or of blocks for INT4; zero points of zeros; at most 2^31 - 1
/// elements), the headers' documentation of `IQuantizeLayer` ("activations cannot be quantized per-channel";
/// the blocked axis is the last or the second to last), and onnx-tensorrt's importer (positive scales, no
/// UINT8, zero points shaped as scales).
final class QuantizationRules {

    private static final Set<DType> QUANTIZED = EnumSet.of(DType.I8, DType.I4, DType.F8_E4M3, DType.F4);
    private static final Set<DType> BLOCKED = EnumSet.of(DType.I4, DType.F4, DType.F8_E4M3);
    private static final Set<String> WEIGHT_READERS = Set.of("MatMul", "Gemm", "Transpose", "Conv");

    /// Block sizes that quantizers for TensorRT write (Model Optimizer: 128 and 64).
    private static final Set<Long> USUAL_BLOCKS = Set.of(64L, 128L);

    /// The least that any format of blocks has (NVFP4's 16).
    static final long LEAST_BLOCK = 16;

    private final LintGraph graph;
    private final NodeProto node;
    private final Findings findings;
    private final boolean quantizes;

    private QuantizationRules(LintGraph graph, NodeProto node, Findings findings) {
        this.graph = graph;
        this.node = node;
        this.findings = findings;
        this.quantizes = node.getOpType().equals("QuantizeLinear");
    }

    static void check(LintGraph graph, NodeProto node, Findings findings) {
        boolean quantizes = node.getOpType().equals("QuantizeLinear");
        if (!quantizes && !node.getOpType().equals("DequantizeLinear")) {
            return;
        }
        if (node.getInputCount() < 2) {
            findings.refuse(node, "", "no scale", "an input and its scale");
            return;
        }
        QuantizationRules rules = new QuantizationRules(graph, node, findings);
        rules.type();
        rules.scale();
        rules.zeroPoint();
        rules.granularity();
        rules.volume();
        rules.neighbours();
    }

    private String data() {
        return node.getInput(0);
    }

    private String scaleName() {
        return node.getInput(1);
    }

    /// Type of the codes.
    private Optional<DType> codes() {
        return quantizes ? graph.type(node.getOutput(0)) : graph.type(data());
    }

    private void type() {
        codes().filter(type -> !QUANTIZED.contains(type))
                .ifPresent(type -> findings.refuse(
                        node,
                        quantizes ? node.getOutput(0) : data(),
                        type + " codes",
                        "INT8, FP8 (E4M3), INT4 and FP4 codes; those with a sign, so a zero point of type INT8"));
        if (!quantizes && !graph.isConstant(data())) {
            graph.maker(data())
                    .filter(maker -> !maker.getOpType().equals("QuantizeLinear"))
                    .ifPresent(maker -> findings.refuse(
                            node,
                            data(),
                            "codes made by " + maker.getName() + " (" + maker.getOpType() + ")",
                            "codes of constants and of QuantizeLinear"));
        }
        if (codes().equals(Optional.of(DType.I4)) && (quantizes || !graph.isConstant(data()))) {
            findings.refuse(
                    node,
                    data(),
                    "INT4 of a value that is computed",
                    "INT4 of constant weights, behind DequantizeLinear");
        }
        Optional<DType> scale = graph.type(scaleName());
        if (quantizes && scale.isPresent() && !scale.equals(graph.type(data()))) {
            findings.refuse(
                    node,
                    scaleName(),
                    "a " + scale.get() + " scale of "
                            + graph.type(data()).map(DType::name).orElse("unknown") + " data",
                    "a scale of the type of its input");
        }
    }

    private void scale() {
        if (!graph.isConstant(scaleName())) {
            findings.refuse(
                    node, scaleName(), "a scale that is computed", "a constant scale, known when the engine is built");
        }
        graph.values(scaleName()).ifPresent(values -> {
            for (float value : values) {
                if (!(value > 0) || !Float.isFinite(value)) {
                    findings.refuse(node, scaleName(), "a scale of " + value, "scales that are positive and finite");
                    return;
                }
            }
        });
    }

    private void zeroPoint() {
        String name = node.getInputCount() > 2 ? node.getInput(2) : "";
        if (name.isEmpty()) {
            return;
        }
        if (!graph.isConstant(name)) {
            findings.refuse(node, name, "a zero point that is computed", "a zero point that is the constant 0");
        }
        graph.values(name).ifPresent(values -> {
            for (float value : values) {
                if (value != 0) {
                    findings.refuse(
                            node,
                            name,
                            "a zero point of " + (long) value,
                            "symmetric quantization: zero points of constant 0");
                    return;
                }
            }
        });
        Optional<Shape> own = graph.shape(name);
        Optional<Shape> scale = graph.shape(scaleName());
        if (own.isPresent()
                && scale.isPresent()
                && own.get().elements() != scale.get().elements()) {
            findings.refuse(
                    node,
                    name,
                    own.get().elements() + " zero points beside " + scale.get().elements() + " scales",
                    "as many zero points as scales");
        }
    }

    private void granularity() {
        long blockSize = attribute("block_size", 0);
        Optional<Shape> scale = graph.shape(scaleName());
        if (scale.isEmpty()) {
            return;
        }
        if (blockSize > 0) {
            blocks(blockSize, scale.get());
        } else if (scale.get().elements() > 1) {
            channels(scale.get());
        }
    }

    private void channels(Shape scale) {
        if (!graph.isConstant(data())) {
            findings.refuse(
                    node,
                    scaleName(),
                    scale.elements() + " scales of an activation",
                    "one scalar scale of an activation; scales per channel for constants alone");
            return;
        }
        Optional<Shape> shape = graph.shape(data());
        if (shape.isEmpty()) {
            return;
        }
        long axis = axis(shape.get());
        boolean fits = scale.rank() == 1
                && axis >= 0
                && axis < shape.get().rank()
                && scale.elements() == shape.get().dim((int) axis);
        if (!fits) {
            findings.refuse(
                    node,
                    scaleName(),
                    "scales " + scale + " on axis " + axis + " of " + shape.get(),
                    "one-dimensional scales, as many as there are channels on the axis");
        }
    }

    private void blocks(long blockSize, Shape scale) {
        codes().filter(type -> !BLOCKED.contains(type))
                .ifPresent(type -> findings.refuse(
                        node, data(), "blocks of " + type, "blocks of INT4, FP4 and MXFP8; one scale of INT8"));
        Optional<Shape> shape = graph.shape(data());
        if (shape.isEmpty()) {
            return;
        }
        long axis = axis(shape.get());
        int rank = shape.get().rank();
        if (axis != rank - 1 && axis != rank - 2) {
            findings.refuse(
                    node,
                    data(),
                    "blocks along axis " + axis + " of " + rank,
                    "blocks along the last or the second to last axis");
            return;
        }
        boolean fits = scale.rank() == rank;
        for (int i = 0; fits && i < rank; i++) {
            long extent =
                    i == axis ? shape.get().dim(i) / blockSize : shape.get().dim(i);
            boolean whole = i != axis || shape.get().dim(i) % blockSize == 0;
            fits = whole && scale.dim(i) == extent;
        }
        if (!fits) {
            findings.refuse(
                    node,
                    scaleName(),
                    "scales " + scale + " for blocks of " + blockSize + " along axis " + axis + " of " + shape.get(),
                    "a scale per whole block");
        }
        size(blockSize);
    }

    private void size(long blockSize) {
        if (codes().equals(Optional.of(DType.I4)) && blockSize < LEAST_BLOCK) {
            findings.refuse(
                    node,
                    data(),
                    "blocks of " + blockSize,
                    "blocks of at least " + LEAST_BLOCK + " (64 and 128 for sure)");
        } else if (codes().equals(Optional.of(DType.I4)) && !USUAL_BLOCKS.contains(blockSize)) {
            findings.doubt(node, data(), "blocks of " + blockSize, "blocks of 64 and 128 for sure");
        }
    }

    private void volume() {
        graph.shape(data())
                .filter(shape -> shape.elements() > Integer.MAX_VALUE)
                .ifPresent(shape -> findings.refuse(
                        node, data(), shape.elements() + " elements", "at most 2,147,483,647 elements"));
    }

    private void neighbours() {
        if (quantizes) {
            for (NodeProto reader : graph.readers(node.getOutput(0))) {
                if (!reader.getOpType().equals("DequantizeLinear")) {
                    findings.refuse(
                            node,
                            node.getOutput(0),
                            "codes read by " + reader.getName() + " (" + reader.getOpType() + ")",
                            "codes read by DequantizeLinear alone");
                }
            }
        } else if (codes().equals(Optional.of(DType.I4))) {
            List<NodeProto> readers = graph.readers(node.getOutput(0));
            readers.stream()
                    .filter(reader -> !WEIGHT_READERS.contains(reader.getOpType()))
                    .forEach(reader -> findings.doubt(
                            node,
                            node.getOutput(0),
                            "INT4 weights read by " + reader.getName() + " (" + reader.getOpType() + ")",
                            "INT4 weights of a product"));
        }
    }

    private long axis(Shape shape) {
        long axis = attribute("axis", 1);
        return axis < 0 ? axis + shape.rank() : axis;
    }

    private long attribute(String name, long usual) {
        return ElementTypes.attribute(node, name).map(own -> own.getI()).orElse(usual);
    }
}
