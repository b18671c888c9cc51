package dev.quantreel.engines.onnx;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TypeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Builds one ONNX graph, node by node, in the order of execution.
///
/// Names are deterministic: the same calls give the same bytes. A node is called after the current [#scope] and its
/// operator (`blocks.0.self_attn/MatMul_2`). Weights go in through [#initializer] and stay where they are (a
/// mapping, native memory) until the model is written or opened; small constants are stored inline. Not
/// thread-safe.
public final class OnnxGraphBuilder {

    /// Weights up to this size are stored inline, so that engines see the values of shapes, axes and scales.
    static final long INLINE_BYTES = 1024;

    /// Stands for an optional input that is left out.
    public final Value none = new Value(this, "");

    private final @Nullable OnnxGraphBuilder parent;
    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Map<String, Tensor> weights;
    private final Set<String> streamed;
    private final Map<ByteString, Value> constants = new HashMap<>();
    private final Map<String, Integer> counters;
    private final Set<String> names;
    private String scope = "";

    private OnnxGraphBuilder(String name, @Nullable OnnxGraphBuilder parent) {
        this.parent = parent;
        this.weights = parent == null ? new LinkedHashMap<>() : parent.weights;
        this.streamed = parent == null ? new HashSet<>() : parent.streamed;
        this.counters = parent == null ? new HashMap<>() : parent.counters;
        this.names = parent == null ? new HashSet<>() : parent.names;
        graph.setName(name);
    }

    public static OnnxGraphBuilder create(String name) {
        return new OnnxGraphBuilder(name, null);
    }

    /// A branch of an `If` or the body of a `Scan`: its nodes may read values of this graph. Pass it as an attribute
    /// when finished.
    public OnnxGraphBuilder subgraph(String name) {
        OnnxGraphBuilder child = new OnnxGraphBuilder(name, this);
        child.scope = scope;
        return child;
    }

    /// Runs `body` with node names prefixed by `part`, as in `scope("blocks.0", () -> ...)`.
    public void scope(String part, Runnable body) {
        String outer = scope;
        scope = outer.isEmpty() ? part : outer + "." + part;
        try {
            body.run();
        } finally {
            scope = outer;
        }
    }

    /// Declares a graph input.
    public Value input(String name, DType dtype, Dim... dims) {
        graph.addInput(valueInfo(name, dtype, dims));
        return define(name);
    }

    /// Declares that `value` leaves the graph under `name`.
    public void output(String name, Value value, DType dtype, Dim... dims) {
        if (!value.name().equals(name)) {
            define(name);
            graph.addNode(NodeProto.newBuilder()
                    .setName(unique("Identity"))
                    .setOpType("Identity")
                    .addInput(owned(value))
                    .addOutput(name));
        }
        graph.addOutput(valueInfo(name, dtype, dims));
    }

    /// A weight under the given name; the tensor is referenced, not copied.
    public Value initializer(String name, Tensor tensor) {
        Value value = define(name);
        if (tensor.data().byteSize() <= INLINE_BYTES) {
            graph.addInitializer(inline(name, tensor));
        } else if (parent != null) {
            throw new IllegalArgumentException("weight " + name + " must be declared in the outer graph");
        } else {
            graph.addInitializer(header(name, tensor).setDataLocation(TensorProto.DataLocation.EXTERNAL));
            weights.put(name, tensor);
        }
        return value;
    }

    /// A weight that the engine reads where it lies at every run: no expression of it is folded, no product repacks it.
    /// Small ones are stored inline, as [#initializer] does.
    public Value streamed(String name, Tensor tensor) {
        Value value = initializer(name, tensor);
        if (weights.containsKey(name)) {
            streamed.add(name);
        }
        return value;
    }

    /// A small constant; equal constants share one initializer.
    public Value constant(Tensor tensor) {
        ByteString key = inline("", tensor).toByteString();
        Value known = constants.get(key);
        if (known == null) {
            known = initializer(count("const"), tensor);
            constants.put(key, known);
        }
        return known;
    }

    /// A constant F32 scalar.
    public Value constant(float value) {
        return constant(Tensor.scalar(value));
    }

    /// A constant I64 vector, as shapes, axes and slice bounds are.
    public Value longs(long... values) {
        return constant(Tensor.ofLongs(Shape.of(values.length), values));
    }

    /// Adds a node with one output and no attributes.
    public Value op(OnnxOp op, Value... inputs) {
        return op(op, Attributes.NONE, inputs);
    }

    /// Adds a node with one output.
    public Value op(OnnxOp op, Attributes attributes, Value... inputs) {
        return op(op, 1, attributes, inputs).getFirst();
    }

    /// Adds a node with several outputs.
    public List<Value> op(OnnxOp op, int outputs, Attributes attributes, Value... inputs) {
        op.check(inputs.length, attributes.names());
        NodeProto.Builder node = NodeProto.newBuilder()
                .setName(unique(op.name()))
                .setOpType(op.name())
                .setDomain(op.domain());
        for (Value input : inputs) {
            node.addInput(owned(input));
        }
        for (AttributeProto attribute : attributes.protos()) {
            node.addAttribute(attribute);
        }
        List<Value> values = IntStream.range(0, outputs)
                .mapToObj(i -> define(i == 0 ? node.getName() : node.getName() + ":" + i))
                .toList();
        values.forEach(value -> node.addOutput(value.name()));
        graph.addNode(node);
        return values;
    }

    /// The finished model.
    ///
    /// @param metadata written to `metadata_props` in the given order
    public OnnxModel build(Map<String, String> metadata) {
        if (parent != null) {
            throw new IllegalStateException("a branch is finished by passing it as an attribute");
        }
        return OnnxModel.of(graph.build(), weights, streamed, metadata);
    }

    GraphProto branch() {
        return graph.build();
    }

    private String owned(Value value) {
        for (OnnxGraphBuilder builder = this; builder != null; builder = builder.parent) {
            if (value.owner() == builder) {
                return value.name();
            }
        }
        throw new IllegalArgumentException("value " + value + " belongs to another graph");
    }

    private Value define(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("graph " + graph.getName() + " already defines " + name);
        }
        return new Value(this, name);
    }

    private String unique(String op) {
        return count(scope.isEmpty() ? op : scope + "/" + op);
    }

    private String count(String key) {
        int count = counters.merge(key, 1, Integer::sum) - 1;
        return count == 0 ? key : key + "_" + count;
    }

    private static TensorProto.Builder header(String name, Tensor tensor) {
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(OnnxTypes.code(tensor.dtype()))
                .addAllDims(tensor.shape().toList());
    }

    private static TensorProto inline(String name, Tensor tensor) {
        return header(name, tensor)
                .setRawData(ByteString.copyFrom(tensor.data().asByteBuffer()))
                .build();
    }

    private static ValueInfoProto valueInfo(String name, DType dtype, Dim... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Dim dim : dims) {
            switch (dim) {
                case Dim.Fixed(long size) -> shape.addDimBuilder().setDimValue(size);
                case Dim.Symbol(String symbol) -> shape.addDimBuilder().setDimParam(symbol);
            }
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(OnnxTypes.code(dtype))
                                .setShape(shape)))
                .build();
    }
}
