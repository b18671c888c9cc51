package dev.quantreel.nodes;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import java.util.List;

/// The nodes that come with the server.
public final class BuiltinNodePack implements NodePack {

    @Override
    public String name() {
        return "quantreel";
    }

    @Override
    public List<NodeDefinition> nodes() {
        return List.of();
    }
}
