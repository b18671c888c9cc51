package dev.quantreel.engines.runtime;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;

/// One small graph with inputs: what every engine must compute alike.
///
/// @param op the operator under test
/// @param name tells the cases of one operator apart
/// @param graph has inputs named as in `inputs`
record OperatorCase(OnnxOp op, String name, OnnxGraphBuilder graph, Map<String, Tensor> inputs) {
    @Override
    public String toString() {
        return op + " " + name;
    }
}
