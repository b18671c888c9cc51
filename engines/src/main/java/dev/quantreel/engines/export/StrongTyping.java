package dev.quantreel.engines.export;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Gives an F32 graph the types of strong typing: every operator has operands of one type, and a `Cast` stands
/// wherever types change, as TensorRT 11 demands of all networks and 10.x of strongly typed ones.
///
/// Products (linears, attention with its softmax, convolutions) are computed in the compute precision;
/// operators that only move elements keep the type of what they move; everything else, so norms, residuals,
/// modulation, rotary embedding and the scales of tokens, is F32. Inputs and outputs of the graph keep their
/// types. Weights are converted here, each to the type in which it is read.
final class StrongTyping {

    private static final Set<String> PRODUCTS = Set.of("MatMul", "Gemm", "Conv", "ConvTranspose", "Softmax");
    private static final Set<String> MOVES = Set.of(
            "Reshape",
            "Transpose",
            "Squeeze",
            "Unsqueeze",
            "Slice",
            "Split",
            "Gather",
            "Expand",
            "Identity",
            "Concat",
            "Pad");
    private static final Set<String> COMPARISONS = Set.of("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal");

    private final OnnxModel model;
    private final DType compute;
    private final Predicate<String> isWide;
    private final UnaryOperator<Tensor> place;
    private final Map<String, DType> types = new HashMap<>();
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final Map<String, NodeProto> transposed = new HashMap<>();
    private final Map<String, String> aliases = new HashMap<>();
    private final Set<String> wideValues = new HashSet<>();
    private final Set<String> made = new HashSet<>();
    private final List<NodeProto> nodes = new ArrayList<>();
    private final Map<String, TensorProto> initializers = new LinkedHashMap<>();
    private final Map<String, Tensor> weights = new LinkedHashMap<>();

    private StrongTyping(
            OnnxModel model, ComputePrecision precision, Predicate<String> isWide, UnaryOperator<Tensor> place) {
        this.model = model;
        this.compute = precision.dtype();
        this.isWide = isWide;
        this.place = place;
        GraphProto graph = model.proto().getGraph();
        graph.getInitializerList().forEach(constant -> constants.put(constant.getName(), constant));
        graph.getInputList().forEach(input -> types.put(input.getName(), dtype(input)));
    }

    /// @param model F32, no subgraphs
    /// @param isWide names of weights whose products stay F32
    /// @param place where converted weights are kept
    /// @throws IllegalArgumentException naming a node that has a subgraph
    static OnnxModel of(
            OnnxModel model, ComputePrecision precision, Predicate<String> isWide, UnaryOperator<Tensor> place) {
        StrongTyping typing = new StrongTyping(model, precision, isWide, place);
        model.proto().getGraph().getNodeList().forEach(typing::node);
        return GraphNames.pruned(model, typing.nodes, List.copyOf(typing.initializers.values()), typing.weights);
    }

    private static DType dtype(ValueInfoProto value) {
        return OnnxTypes.dtype(value.getType().getTensorType().getElemType());
    }

    private void node(NodeProto node) {
        if (node.getAttributeList().stream().anyMatch(AttributeProto::hasG)) {
            throw new IllegalArgumentException(model.name() + ": node " + node.getName() + " (" + node.getOpType()
                    + ") holds a graph of its own, which typed forms do not have");
        }
        String first = node.getInputCount() == 0 ? "" : resolved(node.getInput(0));
        boolean widens = node.getOpType().equals("Cast") && isFloat(to(node)) && isFloat(typeOf(first));
        if (widens) {
            aliases.put(node.getOutput(0), first);
            return;
        }
        if (node.getOpType().equals("Transpose") && constants.containsKey(first)) {
            transposed.put(node.getOutput(0), node);
            return;
        }
        switch (node.getOpType()) {
            case "Cast" -> emit(node, typeOf(first), to(node));
            case "Shape" -> emit(node, typeOf(first), DType.I64);
            case "QuantizeLinear" -> emit(node, DType.F32, typeOf(node.getInput(2)));
            case "DequantizeLinear" -> dequantized(node);
            default -> typed(node);
        }
    }

    private void dequantized(NodeProto node) {
        boolean wide = isWide.test(node.getInput(0));
        if (wide) {
            wideValues.add(node.getOutput(0));
        }
        emit(node, wide ? DType.F32 : compute, wide ? DType.F32 : compute);
    }

    private void typed(NodeProto node) {
        String op = node.getOpType();
        DType wanted = DType.F32;
        if (PRODUCTS.contains(op)) {
            // ONNX has convolutions in BF16 from opset 22 on.
            boolean lacksType = op.startsWith("Conv") && compute == DType.BF16;
            wanted = lacksType || multipliesWide(node) ? DType.F32 : compute;
        } else if (MOVES.contains(op)) {
            wanted = moved(node);
        }
        boolean floats = node.getInputList().stream()
                .filter(name -> !name.isEmpty())
                .anyMatch(name -> isFloat(typeOf(resolved(name))));
        DType output = floats ? wanted : typeOf(resolved(node.getInput(0)));
        emit(node, wanted, COMPARISONS.contains(op) ? DType.BOOL : output);
    }

    /// The type that is moved: the common one, or F32.
    private DType moved(NodeProto node) {
        if (!node.getOpType().equals("Concat")) {
            return typeOf(resolved(node.getInput(0)));
        }
        List<DType> all = node.getInputList().stream()
                .map(name -> typeOf(resolved(name)))
                .distinct()
                .toList();
        return all.size() == 1 ? all.getFirst() : DType.F32;
    }

    private boolean multipliesWide(NodeProto node) {
        return node.getInputList().stream().map(this::resolved).anyMatch(name -> {
            NodeProto turned = transposed.get(name);
            return wideValues.contains(name) || isWide.test(turned == null ? name : resolved(turned.getInput(0)));
        });
    }

    /// Writes a node whose float inputs have one type.
    private void emit(NodeProto node, DType inputs, DType output) {
        NodeProto.Builder typed = node.toBuilder().clearInput().clearOutput();
        for (String name : node.getInputList()) {
            String source = resolved(name);
            typed.addInput(source.isEmpty() || !isFloat(typeOf(source)) ? plain(source) : as(source, inputs));
        }
        for (String name : node.getOutputList()) {
            typed.addOutput(outputs(name, output));
        }
        nodes.add(typed.build());
        for (String name : node.getOutputList()) {
            types.put(name, output);
            if (!outputs(name, output).equals(name)) {
                DType declared = Objects.requireNonNull(declared(name));
                cast(outputs(name, output), name, declared);
                types.put(name, declared);
            }
        }
    }

    /// The name under which a value is made: another one where the graph's output has another type.
    private String outputs(String name, DType dtype) {
        DType declared = declared(name);
        return declared == null || declared == dtype ? name : name + suffix(dtype);
    }

    private @Nullable DType declared(String name) {
        for (ValueInfoProto output : model.proto().getGraph().getOutputList()) {
            if (output.getName().equals(name)) {
                return dtype(output);
            }
        }
        return null;
    }

    private String resolved(String name) {
        return aliases.getOrDefault(name, name);
    }

    private DType typeOf(String name) {
        TensorProto constant = constants.get(name);
        if (constant != null) {
            return OnnxTypes.dtype(constant.getDataType());
        }
        NodeProto turned = transposed.get(name);
        return turned != null ? typeOf(resolved(turned.getInput(0))) : types.getOrDefault(name, DType.F32);
    }

    /// A value that is no float: as it is.
    private String plain(String name) {
        TensorProto constant = constants.get(name);
        if (constant != null && made.add(name)) {
            keep(constant, model.weights().get(name));
        }
        return name;
    }

    /// A float value in a type.
    private String as(String name, DType dtype) {
        if (constants.containsKey(name)) {
            return constant(name, dtype);
        }
        NodeProto turned = transposed.get(name);
        if (turned != null) {
            return transposed(turned, dtype);
        }
        if (typeOf(name) == dtype) {
            return name;
        }
        String cast = name + suffix(dtype);
        if (made.add(cast)) {
            cast(name, cast, dtype);
        }
        return cast;
    }

    private String transposed(NodeProto node, DType dtype) {
        String name = node.getOutput(0) + suffix(dtype);
        if (made.add(name)) {
            nodes.add(node.toBuilder()
                    .setName(name)
                    .setInput(0, as(resolved(node.getInput(0)), dtype))
                    .setOutput(0, name)
                    .build());
        }
        return name;
    }

    private void cast(String from, String to, DType dtype) {
        nodes.add(NodeProto.newBuilder()
                .setName(to + "/Cast")
                .setOpType("Cast")
                .addInput(from)
                .addOutput(to)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(OnnxTypes.code(dtype)))
                .build());
    }

    /// A weight in a type, under its own name where that is its type.
    private String constant(String name, DType dtype) {
        TensorProto constant = Objects.requireNonNull(constants.get(name));
        Tensor weight = model.weights().get(name);
        if (typeOf(name) == dtype) {
            return plain(name);
        }
        String other = name + suffix(dtype);
        if (made.add(other)) {
            Tensor converted =
                    Conversions.fromF32(Conversions.toF32(weight == null ? inline(constant) : weight), dtype);
            TensorProto.Builder header = constant.toBuilder().setName(other).setDataType(OnnxTypes.code(dtype));
            if (weight == null) {
                header.setRawData(ByteString.copyFrom(converted.data().asByteBuffer()));
                keep(header.build(), null);
            } else {
                keep(header.build(), place.apply(converted));
            }
        }
        return other;
    }

    private void keep(TensorProto header, @Nullable Tensor weight) {
        initializers.put(header.getName(), header);
        if (weight != null) {
            weights.put(header.getName(), weight);
        }
    }

    private static Tensor inline(TensorProto constant) {
        return new Tensor(
                OnnxTypes.dtype(constant.getDataType()),
                Shape.of(constant.getDimsList().stream()
                        .mapToLong(Long::longValue)
                        .toArray()),
                MemorySegment.ofArray(constant.getRawData().toByteArray()));
    }

    private static DType to(NodeProto node) {
        return OnnxTypes.dtype((int) node.getAttribute(0).getI());
    }

    private static boolean isFloat(DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    private static String suffix(DType dtype) {
        return "." + dtype.name().toLowerCase(Locale.ROOT);
    }
}
