package dev.quantreel.nodes.spi;

import java.util.List;

/// Contributes nodes; found through [java.util.ServiceLoader], also in jars dropped into the `plugins` folder.
///
/// Contract: the public no-argument constructor does no work; [#nodes] is called once per server, on one thread; a
/// pack that throws is left out with a logged reason and does not stop the server; ids of the built-in pack cannot be
/// replaced.
public interface NodePack {

    /// Short name, shown as the source of its nodes.
    String name();

    List<NodeDefinition> nodes();
}
