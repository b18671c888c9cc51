package dev.quantreel.server.workflow;

import dev.quantreel.nodes.spi.NodeSpec;
import java.util.Optional;

/// Looks up kinds of nodes.
@FunctionalInterface
public interface NodeSpecs {

    /// The spec of a kind of node, by id or former id.
    Optional<NodeSpec> spec(String classType);
}
