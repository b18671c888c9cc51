package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Runs the nodes of a graph in their order, those apart that [StaticValues] has computed.
///
/// @param cancellation asked before every node
record TorchInterpreter(CancellationToken cancellation) {

    void run(List<NodeProto> nodes, TorchValues values) {
        for (NodeProto node : nodes) {
            cancellation.throwIfCancelled();
            List<NDArray> outputs;
            try {
                outputs = apply(new TorchNode(node, values));
            } catch (IllegalArgumentException | IndexOutOfBoundsException | UnsupportedOperationException e) {
                throw new IllegalArgumentException(
                        "node " + node.getName() + " (" + node.getOpType() + "): " + e.getMessage(), e);
            }
            for (int i = 0; i < node.getOutputCount(); i++) {
                values.put(node.getOutput(i), outputs.get(i));
            }
        }
    }

    private List<NDArray> apply(TorchNode call) {
        return switch (call.op()) {
            case Split -> TorchShapes.split(call);
            case Scan -> List.of(scan(call));
            default -> List.of(single(call));
        };
    }

    /// One input, sliced along axis 0, without state; what each slice gives is stacked along axis 0.
    private NDArray scan(TorchNode call) {
        if (call.integer("num_scan_inputs", 0) != 1 || call.has(1)) {
            throw new IllegalArgumentException("only a Scan of one input without state is supported");
        }
        GraphProto body = call.attribute("body")
                .map(AttributeProto::getG)
                .orElseThrow(() -> new IllegalArgumentException("has no body"));
        Map<String, Tensor> constants = new HashMap<>();
        for (TensorProto initializer : body.getInitializerList()) {
            constants.put(initializer.getName(), StaticValues.inline(initializer));
        }
        NDArray x = call.in(0);
        NDList slices = new NDList();
        for (long i = 0; i < x.getShape().get(0); i++) {
            TorchValues inner = call.values().within(constants);
            inner.put(body.getInput(0).getName(), x.get(new NDIndex(i)));
            run(body.getNodeList(), inner);
            slices.add(inner.array(body.getOutput(0).getName()));
        }
        return NDArrays.stack(slices);
    }

    @SuppressWarnings("checkstyle:MethodLength") // The table of operators.
    private static NDArray single(TorchNode call) {
        NDArray x = call.in(0);
        OnnxOp op = call.op();
        return switch (op) {
            case Identity, Cast -> x;
            case Abs -> x.abs();
            case Ceil -> x.ceil();
            case Cos -> x.cos();
            case Erf -> x.erf();
            case Exp -> x.exp();
            case Floor -> x.floor();
            case Gelu -> TorchElementwise.gelu(call);
            case Neg -> x.neg();
            case Reciprocal -> TorchElementwise.reciprocal(x);
            case Relu -> NDArrays.maximum(x, TorchElementwise.number(x, 0));
            case Round -> TorchElementwise.rounded(x);
            case Sigmoid -> TorchElementwise.sigmoid(x);
            case Sign -> x.sign();
            case Sin -> x.sin();
            case Sqrt -> x.sqrt();
            case Tanh -> x.tanh();
            case Add -> x.add(call.in(1));
            case Sub -> x.sub(call.in(1));
            case Mul -> x.mul(call.in(1));
            case Div -> x.div(call.in(1));
            case Pow -> x.pow(call.in(1));
            case Greater -> x.gt(call.in(1));
            case Equal -> x.eq(call.in(1));
            case Max -> TorchElementwise.folded(call, true);
            case Min -> TorchElementwise.folded(call, false);
            case Clip -> TorchElementwise.clip(call);
            case Where -> TorchElementwise.where(call);
            case QuantizeLinear -> TorchElementwise.quantized(call);
            case Concat -> TorchShapes.joined(call);
            case Expand -> TorchShapes.expanded(call);
            case Gather -> TorchShapes.gathered(call);
            case Pad -> TorchShapes.padded(call);
            case Reshape -> TorchShapes.reshaped(call);
            case Slice -> TorchShapes.sliced(call);
            case Squeeze -> TorchShapes.squeezed(call);
            case Transpose -> TorchShapes.transposed(call);
            case Unsqueeze -> TorchShapes.unsqueezed(call);
            case ReduceL2 -> TorchReductions.norm(call);
            case ReduceMax -> TorchReductions.extreme(call, true);
            case ReduceMean -> TorchReductions.mean(call);
            case ReduceMin -> TorchReductions.extreme(call, false);
            case ReduceSum -> TorchReductions.sum(call);
            case LayerNormalization -> TorchReductions.layerNorm(call);
            case Softmax -> x.softmax(TorchNode.axis(x, call.integer("axis", -1)));
            case MatMul -> x.matMul(call.in(1));
            default -> throw new IllegalArgumentException("there is no gradient of " + op + " here");
        };
    }
}
