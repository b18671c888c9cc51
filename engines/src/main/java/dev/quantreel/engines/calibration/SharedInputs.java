package dev.quantreel.engines.calibration;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Finds out which linears of a transformer read the same activation, from the graphs it is made of: each activation is
/// watched once.
final class SharedInputs {

    private SharedInputs() {}

    /// The layers of each activation, in the order in which the graphs meet them; every layer once.
    static List<List<String>> of(TransformerCheckpoint checkpoint) {
        Watching watching = new Watching(new FloatLinears(FloatWeights.evicting(checkpoint)));
        checkpoint.graphs(watching, TransformerCheckpoint.Options.DEFAULTS);
        return watching.readers.values().stream().map(List::copyOf).toList();
    }

    /// Full precision, with notes of who reads what.
    private static final class Watching implements LinearLayers {

        private final LinearLayers linears;
        private final Map<Value, List<String>> readers = new LinkedHashMap<>();

        Watching(LinearLayers linears) {
            this.linears = linears;
        }

        @Override
        public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
            List<String> known = readers.computeIfAbsent(x, missing -> new ArrayList<>());
            layers.stream().filter(layer -> !known.contains(layer)).forEach(known::add);
            return linears.prepare(graph, x, layers);
        }

        @Override
        public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
            return linears.apply(graph, input, layer);
        }

        @Override
        public Value operand(Input input, String layer) {
            return linears.operand(input, layer);
        }

        @Override
        public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
            return linears.modulation(graph, x, layer);
        }
    }
}
