package dev.quantreel.nodes.spi;

import java.util.List;
import java.util.Optional;

/// All that the palette, the validator and the executor know about a kind of node. A plain value: a dynamic node
/// builds its own.
public record NodeSpec(
        String id,
        String title,
        String category,
        String description,
        int version,
        boolean output,
        boolean cacheable,
        List<String> aliases,
        List<Input> inputs,
        List<Output> outputs) {

    public NodeSpec {
        aliases = List.copyOf(aliases);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    public Optional<Input> input(String name) {
        return inputs.stream().filter(input -> input.name().equals(name)).findFirst();
    }

    /// @param required an input without a link or value is an error
    /// @param initial default as a Long, Double, Boolean or String; empty for sockets
    public record Input(
            String name, PortType type, boolean required, Optional<Object> initial, String help, boolean advanced) {}

    public record Output(String name, PortType type, String help) {}
}
