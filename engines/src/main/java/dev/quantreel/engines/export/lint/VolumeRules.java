package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Values that are too large at the profile's largest shapes, and attention that may not be fused.
///
/// Every layer's page of the operator reference takes tensors of at most 2^31 - 1 elements. Scores of attention exceed
/// that at real sizes and never exist where TensorRT fuses a product, a softmax and a product to one kernel, which its
/// guide says of a scale and a mask between them; whether it does is seen on a GPU alone.
final class VolumeRules {

    /// What may stand between the first product and the softmax of a fused attention.
    private static final Set<String> SCALE_OR_MASK = Set.of("Mul", "Div", "Add", "Where");

    private static final Set<String> ELEMENTWISE =
            Set.of("Mul", "Div", "Add", "Where", "Cast", "Sub", "Tanh", "Exp", "Neg", "Abs", "Sqrt", "Clip", "Pow");

    private final LintGraph graph;
    private final Findings findings;
    private final Set<String> scores = new HashSet<>();

    private VolumeRules(LintGraph graph, Findings findings) {
        this.graph = graph;
        this.findings = findings;
    }

    static void check(LintGraph graph, Optional<Map<String, InputRange>> ranges, Findings findings) {
        VolumeRules rules = new VolumeRules(graph, findings);
        List<NodeProto> nodes = graph.proto().getNodeList();
        nodes.stream().filter(node -> node.getOpType().equals("Softmax")).forEach(rules::attention);
        ranges.ifPresent(own -> {
            MaxShapes shapes = new MaxShapes(graph, own);
            nodes.forEach(node -> rules.volume(node, shapes));
        });
    }

    private void attention(NodeProto softmax) {
        Attention attention = new Attention(softmax);
        if (!attention.weights() || !attention.scores()) {
            return;
        }
        if (attention.recast) {
            findings.doubt(
                    softmax,
                    softmax.getInput(0),
                    "a Cast within an attention",
                    "one type from product to product for sure, to fuse all three");
        }
        scores.addAll(attention.values);
    }

    /// A softmax with the product before and the product behind it.
    private final class Attention {

        private final NodeProto softmax;
        private final Set<String> values = new HashSet<>();
        private boolean recast;

        Attention(NodeProto softmax) {
            this.softmax = softmax;
            values.addAll(softmax.getOutputList());
        }

        /// Whether a product reads what comes out, through a cast at most.
        boolean weights() {
            String output = softmax.getOutput(0);
            if (isMultiplied(output)) {
                return true;
            }
            for (NodeProto reader : graph.readers(output)) {
                if (reader.getOpType().equals("Cast") && isMultiplied(reader.getOutput(0))) {
                    recast = true;
                    values.addAll(reader.getOutputList());
                    return true;
                }
            }
            return false;
        }

        private boolean isMultiplied(String value) {
            return graph.readers(value).stream()
                    .anyMatch(reader -> reader.getOpType().equals("MatMul"));
        }

        /// Whether what goes in comes from a product through a scale and a mask.
        boolean scores() {
            Optional<NodeProto> before = graph.maker(softmax.getInput(0));
            while (before.isPresent() && !before.get().getOpType().equals("MatMul")) {
                String op = before.get().getOpType();
                values.addAll(before.get().getOutputList());
                recast |= op.equals("Cast");
                if (!SCALE_OR_MASK.contains(op) && !op.equals("Cast")) {
                    doubt(before.get());
                    return false;
                }
                before = scored(before.get());
            }
            before.ifPresent(product -> values.addAll(product.getOutputList()));
            return before.isPresent();
        }

        private void doubt(NodeProto between) {
            if (leadsToProduct(between)) {
                findings.doubt(
                        softmax,
                        between.getOutput(0),
                        between.getOpType() + " between the product and the softmax of an attention",
                        "a scale and a mask there, to fuse all three; else the scores are written and read");
            }
        }
    }

    /// The node that made the operand which comes from a product: scores, not scale or mask.
    private Optional<NodeProto> scored(NodeProto node) {
        return node.getInputList().stream()
                .filter(name -> !graph.isConstant(name))
                .map(graph::maker)
                .flatMap(Optional::stream)
                .filter(this::leadsToProduct)
                .findFirst();
    }

    private boolean leadsToProduct(NodeProto node) {
        return node.getOpType().equals("MatMul")
                || ELEMENTWISE.contains(node.getOpType()) && scored(node).isPresent();
    }

    private void volume(NodeProto node, MaxShapes shapes) {
        for (String output : node.getOutputList()) {
            shapes.elements(output).filter(count -> count > Integer.MAX_VALUE).ifPresent(count -> {
                if (scores.contains(output)) {
                    if (node.getOpType().equals("Softmax")) {
                        findings.doubt(
                                node,
                                output,
                                "scores of " + count + " elements",
                                "at most 2,147,483,647, but for attention that it fuses");
                    }
                    return;
                }
                findings.refuse(
                        node, output, count + " elements at the largest shapes", "at most 2,147,483,647 elements");
            });
        }
    }
}
