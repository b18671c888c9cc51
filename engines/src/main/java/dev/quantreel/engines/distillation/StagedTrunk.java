package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The blocks of a transformer, some at a time. Not thread-safe.
final class StagedTrunk {

    private static final Pattern BLOCK = Pattern.compile("^.*?\\.\\d+");

    private OnnxModel rest;

    StagedTrunk(OnnxModel trunk) {
        this.rest = trunk;
    }

    /// Blocks to run as one graph.
    ///
    /// @param outputs names of what the next stage reads; those of other graphs of the same model correspond one by
    /// one
    record Stage(OnnxModel model, List<String> outputs) {}

    /// Where the blocks of a trunk end, as scopes of the graph.
    ///
    /// @param layers linears of the blocks
    /// @param blocks at a time, at least 1; the last stage may have fewer
    /// @return the last block of each stage but the last, then empty
    static List<Optional<String>> ends(OnnxModel trunk, Collection<String> layers, int blocks) {
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
    Stage stage(Optional<String> end) {
        if (end.isEmpty()) {
            return new Stage(rest, List.of(SplitGraphs.OUT));
        }
        GraphCut cut = GraphCut.behind(rest, end.get());
        return new Stage(cut.first(), cut.values());
    }

    /// What the blocks that are left read.
    Set<String> inputs() {
        return Set.copyOf(rest.proto().getGraph().getInputList().stream()
                .map(ValueInfoProto::getName)
                .toList());
    }

    /// Goes on behind a stage.
    ///
    /// @param outputs as it puts them out
    void advance(Stage stage, Map<String, Tensor> outputs) {
        rest = new GraphCut(rest, stage.outputs()).later(outputs);
    }
}
