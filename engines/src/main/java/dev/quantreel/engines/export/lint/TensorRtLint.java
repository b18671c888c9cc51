package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import java.util.Map;
import java.util.Optional;

/// Stands in for TensorRT's parser, which cannot be created without a GPU: checks a model against what the
/// parser and the builder of a strongly typed network accept, and names every node that they would refuse.
///
/// What it knows comes from documents ([TensorRtOperators], [QuantizationRules] and the others name theirs); no
/// rule has been tried on TensorRT itself. A green report therefore says that nothing is known against a model,
/// not that it builds, and nothing about which products get fused.
public final class TensorRtLint {

    private final TensorRtTarget target;
    private final Findings findings = new Findings();
    private int nodes;

    private TensorRtLint(TensorRtTarget target) {
        this.target = target;
    }

    /// Checks a model for a target.
    ///
    /// @param ranges of its inputs, by name, where there is an optimisation profile
    public static LintReport check(OnnxModel model, TensorRtTarget target, Optional<Map<String, InputRange>> ranges) {
        TensorRtLint lint = new TensorRtLint(target);
        lint.model(model.proto());
        ShapeRules.check(model.proto().getGraph(), ranges, lint.findings);
        lint.graph(LintGraph.of(model.proto().getGraph(), model.weights()));
        return new LintReport(model.name(), target, lint.nodes, lint.findings.all());
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
