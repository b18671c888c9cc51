package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.HashMap;
import java.util.Map;

/// The graph inputs that say how many bits activations have: scalars of the whole graph, or of each block.
final class ActivationInputs {

    /// Tokens of a block's contribution that leave the graph, at most.
    private static final int SAMPLES = 64;

    private final OnnxGraphBuilder graph;
    private final boolean byBlock;
    private final Map<String, Scalars> scalars = new HashMap<>();

    /// @param max see [QuantizedLinears#ACTIVATION_MAX]
    /// @param clip see [QuantizedLinears#ACTIVATION_CLIP]
    record Scalars(Value max, Value clip) {}

    ActivationInputs(OnnxGraphBuilder graph, boolean byBlock) {
        this.graph = graph;
        this.byBlock = byBlock;
    }

    /// The scalars of a layer, declared when they are first asked for.
    Scalars of(String layer) {
        return scalars.computeIfAbsent(
                byBlock ? BlockNames.of(layer) : "",
                block -> new Scalars(
                        graph.input(name(QuantizedLinears.ACTIVATION_MAX, block), DType.F32),
                        graph.input(name(QuantizedLinears.ACTIVATION_CLIP, block), DType.F32)));
    }

    private static String name(String input, String block) {
        return block.isEmpty() ? input : LinearLayers.ofBlock(input, block);
    }

    /// Lets what a block added to some tokens, spread evenly, leave the graph as [SplitGraphs#CONTRIBUTION].
    static void contribution(OnnxGraphBuilder graph, String block, Value before, Value after) {
        graph.scope("contribution", () -> {
            Value tokens = graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), after);
            Value stride =
                    graph.op(OnnxOp.Div, graph.op(OnnxOp.Add, tokens, graph.longs(SAMPLES - 1)), graph.longs(SAMPLES));
            graph.output(
                    SplitGraphs.CONTRIBUTION + block,
                    graph.op(OnnxOp.Sub, sampled(graph, after, stride), sampled(graph, before, stride)),
                    DType.F32,
                    Dim.of(1),
                    Dim.of("samples:" + block),
                    Dim.of("width:" + block));
        });
    }

    private static Value sampled(OnnxGraphBuilder graph, Value x, Value stride) {
        return graph.op(OnnxOp.Slice, x, graph.longs(0), graph.longs(Long.MAX_VALUE), graph.longs(1), stride);
    }
}
