package dev.quantreel.server.execution;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.server.graph.ExecutionGraph;
import dev.quantreel.server.graph.GraphNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// Structural signatures: what a node's result depends on, as one hash.
///
/// A node's signature covers its kind and version, its constants, its fingerprint, and for each link the signature of
/// the giving node and the slot. Each is made from its parents' hashes, so a chain of n nodes costs n hashes; node
/// ids do not matter, structure does. A node that is not cacheable, or whose fingerprint cannot be told, gets a
/// signature of its own each time, and so do all that depend on it.
final class Signatures {

    private final NodeFolders folders;

    Signatures(NodeFolders folders) {
        this.folders = folders;
    }

    /// One signature for each node of the graph, in its order.
    List<String> of(ExecutionGraph graph) {
        MessageDigest digest = sha256();
        List<String> signatures = new ArrayList<>(graph.nodes().size());
        for (GraphNode node : graph.nodes()) {
            describe(node, signatures, digest);
            signatures.add(HexFormat.of().formatHex(digest.digest()));
        }
        return signatures;
    }

    private void describe(GraphNode node, List<String> parents, MessageDigest digest) {
        put(digest, node.spec().id());
        put(digest, Integer.toString(node.spec().version()));
        put(digest, node.spec().cacheable() ? "same" : UUID.randomUUID().toString());
        put(digest, fingerprint(node));
        for (Map.Entry<String, GraphNode.Binding> input : new TreeMap<>(node.inputs()).entrySet()) {
            put(digest, input.getKey());
            switch (input.getValue()) {
                case GraphNode.Binding.Constant(Object value) -> {
                    put(digest, value.getClass().getSimpleName());
                    put(digest, value.toString());
                }
                case GraphNode.Binding.Link(int parent, int slot) -> {
                    put(digest, "link " + slot);
                    put(digest, parents.get(parent));
                }
            }
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // a node's fingerprint may throw anything; the node then simply runs
    private String fingerprint(GraphNode node) {
        NodeInputs constants = NodeInputs.EMPTY;
        for (Map.Entry<String, GraphNode.Binding> input : node.inputs().entrySet()) {
            if (input.getValue() instanceof GraphNode.Binding.Constant(Object value)) {
                constants = constants.with(input.getKey(), value);
            }
        }
        try {
            return node.definition().fingerprint(constants, folders);
        } catch (Exception e) {
            return "unknown " + UUID.randomUUID();
        }
    }

    private static void put(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update((byte) (bytes.length >>> 24));
        digest.update((byte) (bytes.length >>> 16));
        digest.update((byte) (bytes.length >>> 8));
        digest.update((byte) bytes.length);
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
