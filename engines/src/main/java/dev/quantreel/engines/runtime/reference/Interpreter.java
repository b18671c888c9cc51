package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs the nodes of a graph in their order.
///
/// @param cancellation asked before every node
record Interpreter(CancellationToken cancellation) {

    /// @param known inputs, constants and, for a branch, the values around it
    /// @return the outputs of the graph in their order
    List<NdArray> run(GraphProto graph, Map<String, NdArray> known) {
        for (NodeProto node : graph.getNodeList()) {
            cancellation.throwIfCancelled();
            List<Optional<NdArray>> inputs = new ArrayList<>();
            for (String name : node.getInputList()) {
                inputs.add(name.isEmpty() ? Optional.empty() : Optional.of(value(known, name)));
            }
            List<NdArray> outputs = outputs(node, inputs, known);
            for (int i = 0; i < node.getOutputCount(); i++) {
                known.put(node.getOutput(i), outputs.get(i));
            }
        }
        return graph.getOutputList().stream()
                .map(ValueInfoProto::getName)
                .map(name -> value(known, name))
                .toList();
    }

    /// @param known values around the node, for its branches
    List<NdArray> outputs(NodeProto node, List<Optional<NdArray>> inputs, Map<String, NdArray> known) {
        try {
            return apply(OnnxOp.valueOf(node.getOpType()), new NodeCall(node, inputs), known);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    "node " + node.getName() + " (" + node.getOpType() + "): " + e.getMessage(), e);
        }
    }

    private static NdArray value(Map<String, NdArray> known, String name) {
        NdArray value = known.get(name);
        if (value == null) {
            throw new IllegalArgumentException("value " + name + " is not defined");
        }
        return value;
    }

    private List<NdArray> branch(NodeCall call, Map<String, NdArray> known) {
        GraphProto graph = call.graph(call.in(0).get(0) != 0 ? "then_branch" : "else_branch");
        Map<String, NdArray> inner = new HashMap<>(known);
        for (TensorProto initializer : graph.getInitializerList()) {
            inner.put(initializer.getName(), ReferenceSession.inline(initializer));
        }
        return run(graph, inner);
    }

    /// One input, sliced along axis 0, without state; what each slice gives is stacked along axis 0.
    private List<NdArray> scan(NodeCall call, Map<String, NdArray> known) {
        if (call.integer("num_scan_inputs", 0) != 1 || call.has(1)) {
            throw new IllegalArgumentException("only a Scan of one input without state is supported");
        }
        GraphProto body = call.graph("body");
        NdArray x = call.in(0);
        int[] dims = x.dims();
        int[] sliceDims = Arrays.copyOfRange(dims, 1, dims.length);
        int size = x.size() / dims[0];
        List<List<NdArray>> slices = new ArrayList<>();
        for (int i = 0; i < dims[0]; i++) {
            int first = i * size;
            Map<String, NdArray> inner = new HashMap<>(known);
            for (TensorProto initializer : body.getInitializerList()) {
                inner.put(initializer.getName(), ReferenceSession.inline(initializer));
            }
            inner.put(body.getInput(0).getName(), NdArray.of(x.dtype(), sliceDims, flat -> x.get(first + flat)));
            slices.add(run(body, inner));
        }
        List<NdArray> stacked = new ArrayList<>();
        for (int output = 0; output < body.getOutputCount(); output++) {
            int which = output;
            stacked.add(ShapeOps.stack(
                    slices.stream().map(slice -> slice.get(which)).toList()));
        }
        return stacked;
    }

    private List<NdArray> apply(OnnxOp op, NodeCall call, Map<String, NdArray> known) {
        return switch (op) {
            case If -> branch(call, known);
            case Scan -> scan(call, known);
            case Split -> ShapeOps.split(call);
            case LayerNormalization -> Normalizations.layerNorm(call);
            case SimplifiedLayerNormalization -> Normalizations.rmsNorm(call);
            case DynamicQuantizeLinear -> QuantizationOps.dynamic(call);
            case RotateQuantize -> LowBitOps.rotateQuantize(call);
            default -> List.of(single(op, call));
        };
    }

    @SuppressWarnings("checkstyle:MethodLength") // The table of operators.
    private static NdArray single(OnnxOp op, NodeCall call) {
        NdArray x = call.in(0);
        return switch (op) {
            case Identity -> x;
            case Abs -> x.map(Math::abs);
            case Ceil -> x.map(Math::ceil);
            case Cos -> x.map(Math::cos);
            case Erf -> x.map(Elementwise::erf);
            case Exp -> x.map(Math::exp);
            case Floor -> x.map(Math::floor);
            case Gelu ->
                x.map(call.text("approximate", "none").equals("tanh") ? Elementwise::geluTanh : Elementwise::gelu);
            case Neg -> x.map(v -> -v);
            case Reciprocal -> x.map(v -> 1 / v);
            case Relu -> x.map(v -> Math.max(v, 0));
            case Round -> x.map(Math::rint);
            case Sigmoid -> x.map(v -> 1 / (1 + Math.exp(-v)));
            case Sign -> x.map(Math::signum);
            case Sin -> x.map(Math::sin);
            case Sqrt -> x.map(Math::sqrt);
            case Tanh -> x.map(Math::tanh);
            case Add -> NdArray.zip(x.dtype(), x, call.in(1), Double::sum);
            case Sub -> NdArray.zip(x.dtype(), x, call.in(1), (a, b) -> a - b);
            case Mul -> NdArray.zip(x.dtype(), x, call.in(1), (a, b) -> a * b);
            case Div -> Elementwise.divide(x, call.in(1));
            case Pow -> NdArray.zip(x.dtype(), x, call.in(1), Math::pow);
            case Equal -> NdArray.zip(DType.BOOL, x, call.in(1), (a, b) -> a == b ? 1 : 0);
            case Greater -> NdArray.zip(DType.BOOL, x, call.in(1), (a, b) -> a > b ? 1 : 0);
            case Max -> Elementwise.fold(call, Math::max);
            case Min -> Elementwise.fold(call, Math::min);
            case Clip -> Elementwise.clip(call);
            case Where -> Elementwise.where(x, call.in(1), call.in(2));
            case Cast -> Elementwise.cast(x, OnnxTypes.dtype(call.integer("to", 0)));
            case Concat -> ShapeOps.concat(call);
            case Expand -> ShapeOps.expand(x, call.in(1));
            case Gather -> ShapeOps.gather(x, call.in(1), call.integer("axis", 0));
            case Pad -> ShapeOps.pad(call);
            case Reshape -> ShapeOps.reshape(x, call.in(1).longs());
            case Resize -> ShapeOps.resize(call);
            case Shape -> ShapeOps.shape(call);
            case Slice -> ShapeOps.slice(call);
            case Squeeze -> ShapeOps.squeeze(call);
            case Transpose -> ShapeOps.transpose(x, call.integers("perm"));
            case Unsqueeze -> ShapeOps.unsqueeze(x, call.in(1).longs());
            case DepthToSpace -> ShapeOps.depthToSpace(call);
            case Range -> ShapeOps.range(x, call.in(1), call.in(2));
            case ReduceL2 -> Normalizations.l2(call);
            case ReduceMax -> Normalizations.reduce(call, Math::max);
            case ReduceMin -> Normalizations.reduce(call, Math::min);
            case ReduceSum -> Normalizations.reduce(call, Double::sum);
            case ReduceMean -> Normalizations.mean(call);
            case Softmax -> Normalizations.softmax(x, call.integer("axis", -1));
            case MatMul -> Products.matMul(DType.F32, x, call.in(1));
            case MatMulNBits -> QuantizationOps.blockProduct(call);
            case MatMulInteger -> Products.matMulInteger(call);
            case MatMulIntegerToFloat -> Products.matMulIntegerToFloat(call);
            case Gemm -> Products.gemm(call);
            case Conv -> Products.convolution(call);
            case MultiHeadAttention -> Attentions.multiHead(call);
            case RotaryEmbedding -> Attentions.rotary(call);
            case BitShift -> Elementwise.shift(call);
            case QuantizeLinear -> QuantizationOps.quantize(call);
            case DequantizeLinear -> QuantizationOps.dequantize(call);
            case LowBitMatMul -> LowBitOps.product(call);
            case NormModulate -> Normalizations.modulated(call);
            case NormRotary -> Attentions.normRotary(call);
            case ConvTranspose -> throw new IllegalArgumentException("the reference engine has no " + op);
            case If,
                    Scan,
                    Split,
                    LayerNormalization,
                    SimplifiedLayerNormalization,
                    DynamicQuantizeLinear,
                    RotateQuantize -> throw new IllegalArgumentException(op + " has several outputs");
        };
    }
}
