package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.ArrayList;
import java.util.List;

/// Collects findings on nodes.
final class Findings {

    private final List<LintFinding> all = new ArrayList<>();

    List<LintFinding> all() {
        return all;
    }

    void refuse(NodeProto node, String input, String value, String accepted) {
        add(LintFinding.Severity.REFUSED, node, input, value, accepted);
    }

    void doubt(NodeProto node, String input, String value, String accepted) {
        add(LintFinding.Severity.UNPROVEN, node, input, value, accepted);
    }

    void refuse(String place, String value, String accepted) {
        all.add(new LintFinding(LintFinding.Severity.REFUSED, place, "", "", value, accepted));
    }

    void doubt(String place, String value, String accepted) {
        all.add(new LintFinding(LintFinding.Severity.UNPROVEN, place, "", "", value, accepted));
    }

    private void add(LintFinding.Severity severity, NodeProto node, String input, String value, String accepted) {
        String name = node.getName().isEmpty() && node.getOutputCount() > 0 ? node.getOutput(0) : node.getName();
        all.add(new LintFinding(severity, name, node.getOpType(), input, value, accepted));
    }
}
