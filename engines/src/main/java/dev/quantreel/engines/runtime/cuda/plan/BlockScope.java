package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which block of a transformer a node belongs to: the one that its name begins with, as in `blocks.3`, else
/// that of the node before it in its graph; what comes first in a branch of an `If` goes with the `If`.
/// Whatever is planned away makes no difference, so steps and weights have the same names.
public final class BlockScope {

    private static final Pattern BLOCK = Pattern.compile("^.*?\\.\\d+");

    private BlockScope() {}

    /// @param before block of the node before it, empty at the start of a graph
    static String of(NodeProto node, String before) {
        Matcher matcher = BLOCK.matcher(node.getName());
        return matcher.find() ? matcher.group() : before;
    }

    /// Passes all nodes in their order, those of branches as well.
    ///
    /// @param visitor is told every node and its block
    public static void walk(GraphProto graph, BiConsumer<NodeProto, String> visitor) {
        walk(graph, "", visitor);
    }

    private static void walk(GraphProto graph, String outer, BiConsumer<NodeProto, String> visitor) {
        String block = outer;
        for (NodeProto node : graph.getNodeList()) {
            block = of(node, block);
            visitor.accept(node, block);
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasG()) {
                    walk(attribute.getG(), block, visitor);
                }
            }
        }
    }
}
