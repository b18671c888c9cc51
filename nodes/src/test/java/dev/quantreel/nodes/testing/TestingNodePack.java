package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import java.util.List;

/// The test nodes as a pack; not registered as a service, tests name it.
public final class TestingNodePack implements NodePack {

    @Override
    public String name() {
        return "testing";
    }

    @Override
    public List<NodeDefinition> nodes() {
        return List.of(
                NodeDefinition.of(new EchoText()),
                NodeDefinition.of(new CountSlowly()),
                NodeDefinition.of(new FailOnPurpose()));
    }
}
