package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The blocks of a transformer, some at a time: a chain of graphs, each with the recorded inputs
/// ([SplitGraphs#RECORDED]) of its own layers. Not thread-safe.
public final class StagedTrunk {

    private static final Pattern BLOCK = Pattern.compile("^.*?\\.\\d+");

    private OnnxModel rest;

    /// @param trunk of any linears; its last output is [SplitGraphs#OUT]
    public StagedTrunk(OnnxModel trunk) {
        this.rest = trunk;
    }

    /// Blocks to run as one graph.
    ///
    /// @param outputs names of what the next stage reads; those of other graphs of the same model correspond
    /// one by one
    public record Stage(OnnxModel model, List<String> outputs) {

        /// What goes from this stage to the next ones.
        public List<String> carried() {
            return outputs.stream()
                    .filter(name -> !name.startsWith(SplitGraphs.RECORDED))
                    .toList();
        }
    }

    /// Where the blocks of a trunk end, as scopes of the graph.
    ///
    /// @param layers linears of the blocks
    /// @param blocks at a time, at least 1; the last stage may have fewer
    /// @return the last block of each stage but the last, then empty
    public static List<Optional<String>> ends(OnnxModel trunk, Collection<String> layers, int blocks) {
        SequencedSet<String> known = new LinkedHashSet<>();
        for (String layer : layers) {
            Matcher block = BLOCK.matcher(layer);
            if (block.find()) {
                known.add(block.group());
            }
        }
        SequencedSet<String> run = new LinkedHashSet<>();
        for (NodeProto node : trunk.proto().getGraph().getNodeList()) {
            Matcher block = BLOCK.matcher(node.getName());
            if (block.find() && known.contains(block.group())) {
                run.add(block.group());
            }
        }
        List<String> order = List.copyOf(run);
        List<Optional<String>> ends = new ArrayList<>();
        for (int last = blocks; last < order.size(); last += blocks) {
            ends.add(Optional.of(order.get(last - 1)));
        }
        ends.add(Optional.empty());
        return ends;
    }

    /// The next blocks.
    ///
    /// @param end last of them, see [#ends]
    public Stage stage(Optional<String> end) {
        if (end.isEmpty()) {
            return new Stage(rest, names(rest));
        }
        GraphCut cut = GraphCut.behind(rest, end.get());
        return new Stage(cut.first(), cut.values());
    }

    /// What the blocks that are left read.
    public Set<String> inputs() {
        return Set.copyOf(rest.proto().getGraph().getInputList().stream()
                .map(ValueInfoProto::getName)
                .toList());
    }

    /// Goes on behind a stage.
    ///
    /// @param outputs what it carries, as it puts them out: types and ranks are those of the inputs of the next
    public void advance(Stage stage, Map<String, Tensor> outputs) {
        Set<String> recorded = new HashSet<>(stage.outputs());
        stage.carried().forEach(recorded::remove);
        rest = new GraphCut(without(rest, recorded), stage.carried()).later(outputs);
    }

    /// A model without some of its outputs; what only they need stays and is not run.
    ///
    /// @param dropped names of outputs
    public static OnnxModel without(OnnxModel model, Set<String> dropped) {
        GraphProto.Builder graph = model.proto().getGraph().toBuilder().clearOutput();
        model.proto().getGraph().getOutputList().stream()
                .filter(output -> !dropped.contains(output.getName()))
                .forEach(graph::addOutput);
        return new OnnxModel(model.proto().toBuilder().setGraph(graph).build(), model.weights(), model.streamed());
    }

    /// The outputs of a model that carry recorded inputs of layers.
    public static Set<String> recorded(OnnxModel model) {
        return names(model).stream()
                .filter(name -> name.startsWith(SplitGraphs.RECORDED))
                .collect(Collectors.toSet());
    }

    private static List<String> names(OnnxModel model) {
        return model.proto().getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
    }
}
