package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;
import java.util.Optional;

/// Stands in for TensorRT's parser, which cannot be created without a GPU: checks a model against what the
/// parser and the builder of a strongly typed network accept, and names every node that they would refuse.
///
/// What it knows comes from documents ([TensorRtOperators], [QuantizationRules] and the others name theirs); no
/// rule has been tried on TensorRT itself. A green report therefore says that nothing is known against a model,
/// not that it builds, and nothing about which products get fused.
public final class TensorRtLint {

    /// The oldest chip of either target.
    private static final int FIRST_CHIP = 75;

    /// Compute capabilities that types begin with: NVIDIA's support matrix of TensorRT, "Hardware and Precision".
    private static final Map<DType, Integer> CHIPS = Map.of(DType.BF16, 80, DType.F8_E4M3, 89, DType.F4, 100);

    private final TensorRtTarget target;
    private final Findings findings = new Findings();
    private int nodes;
    private int leastChip = FIRST_CHIP;

    private TensorRtLint(TensorRtTarget target) {
        this.target = target;
    }

    /// Checks a model for a target.
    ///
    /// @param ranges of its inputs, by name, where there is an optimisation profile
    public static LintReport check(OnnxModel model, TensorRtTarget target, Optional<Map<String, InputRange>> ranges) {
        TensorRtLint lint = new TensorRtLint(target);
        lint.model(model.proto());
        LintGraph graph = LintGraph.of(model.proto().getGraph(), model.weights());
        ShapeRules.check(model.proto().getGraph(), ranges, lint.findings);
        ShapeInputRules.check(graph, lint.findings);
        VolumeRules.check(graph, ranges, lint.findings);
        lint.graph(graph);
        return new LintReport(model.name(), target, lint.nodes, lint.leastChip, lint.findings.all());
    }

    private void model(ModelProto model) {
        for (OperatorSetIdProto set : model.getOpsetImportList()) {
            boolean standard = set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx");
            if (standard && (set.getVersion() < target.minOpset() || set.getVersion() > target.maxOpset())) {
                findings.refuse(
                        "model",
                        "opset " + set.getVersion(),
                        "opsets " + target.minOpset() + " to " + target.maxOpset());
            }
        }
    }

    private void graph(LintGraph graph) {
        for (NodeProto node : graph.proto().getNodeList()) {
            nodes++;
            for (String output : node.getOutputList()) {
                graph.type(output).map(CHIPS::get).ifPresent(chip -> leastChip = Math.max(leastChip, chip));
            }
            for (String input : node.getInputList()) {
                graph.type(input).map(CHIPS::get).ifPresent(chip -> leastChip = Math.max(leastChip, chip));
            }
            OperatorRules.check(graph, node, findings);
            QuantizationRules.check(graph, node, findings);
            LoopRules.check(graph, node, findings);
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasG()) {
                    graph(graph.inner(attribute.getG()));
                }
            }
        }
    }
}
