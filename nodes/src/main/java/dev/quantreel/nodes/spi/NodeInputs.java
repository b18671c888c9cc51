package dev.quantreel.nodes.spi;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Values of input ports by name, in the order of the spec. Immutable.
public final class NodeInputs {

    public static final NodeInputs EMPTY = new NodeInputs(Map.of());

    private final Map<String, Object> values;

    private NodeInputs(Map<String, Object> values) {
        this.values = values;
    }

    /// These inputs with one more.
    public NodeInputs with(String name, Object value) {
        Map<String, Object> next = new LinkedHashMap<>(values);
        next.put(name, value);
        return new NodeInputs(Collections.unmodifiableMap(next));
    }

    public Set<String> names() {
        return values.keySet();
    }

    public Optional<Object> value(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /// A STRING or COMBO input.
    public Optional<String> string(String name) {
        return value(name).map(Object::toString);
    }
}
