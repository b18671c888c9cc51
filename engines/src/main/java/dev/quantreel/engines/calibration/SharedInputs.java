package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Finds out which linears of a transformer read the same activation, from the graphs it is made of: each activation is
/// watched once.
final class SharedInputs {

    private SharedInputs() {}

    /// The layers of each activation, in the order in which the graphs meet them; every layer once. Weights of linears
    /// are not read.
    static List<List<String>> of(TransformerCheckpoint checkpoint) {
        Watching watching = new Watching();
        checkpoint.graphs(watching, TransformerCheckpoint.Options.DEFAULTS);
        return watching.readers.values().stream().map(List::copyOf).toList();
    }

    /// Makes graphs that nobody runs, with notes of who reads what.
    private static final class Watching implements LinearLayers {

        private final Map<Value, List<String>> readers = new LinkedHashMap<>();

        private record Noted(Value x) implements Input {}

        @Override
        public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
            List<String> known = readers.computeIfAbsent(x, missing -> new ArrayList<>());
            layers.stream().filter(layer -> !known.contains(layer)).forEach(known::add);
            return new Noted(x);
        }

        @Override
        public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
            return graph.op(OnnxOp.Identity, operand(input, layer));
        }

        @Override
        public Value operand(Input input, String layer) {
            if (input instanceof Noted(Value x)) {
                return x;
            }
            throw new IllegalArgumentException("the activation of " + layer + " was prepared by other linears");
        }

        @Override
        public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
            return graph.op(OnnxOp.Identity, x);
        }
    }
}
