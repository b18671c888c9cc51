package dev.quantreel.nodes;

import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.nodes.video.PreviewVideo;
import dev.quantreel.nodes.video.SaveVideo;
import java.util.List;
import java.util.stream.Stream;

/// The nodes that come with the server.
public final class BuiltinNodePack implements NodePack {

    @Override
    public String name() {
        return "quantreel";
    }

    @Override
    public List<NodeDefinition> nodes() {
        return Stream.<Node<?, ?>>of(new SaveVideo(), new PreviewVideo())
                .<NodeDefinition>map(NodeDefinition::of)
                .toList();
    }
}
