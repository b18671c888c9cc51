package dev.quantreel.server.config;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.server.testing.SmallNode;
import java.util.List;

/// A pack as a plugin would bring it; not registered on the class path.
public final class PluginPack implements NodePack {

    @Override
    public String name() {
        return "plugin";
    }

    @Override
    public List<NodeDefinition> nodes() {
        return List.of(SmallNode.named("FromPlugin").does((inputs, context) -> List.of()));
    }
}
