package dev.quantreel.nodes.spi;

import java.util.List;

/// Values of a node's output ports in slot order.
public record NodeOutputs(List<Object> values) {

    public NodeOutputs {
        values = List.copyOf(values);
    }
}
