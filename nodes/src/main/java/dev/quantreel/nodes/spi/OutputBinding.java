package dev.quantreel.nodes.spi;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Optional;

/// One component of an outputs record: its port, and how its value is read.
record OutputBinding(NodeSpec.Output spec, Method accessor) {

    static OutputBinding of(Class<?> owner, RecordComponent component) {
        Out out = component.getAnnotation(Out.class);
        if (out == null || out.help().isBlank()) {
            throw AnnotatedNode.fault(owner, "has the output '" + component.getName() + "' without @Out and its help");
        }
        PortType type = port(component.getType())
                .orElseThrow(() -> AnnotatedNode.fault(
                        owner,
                        "has the output '" + component.getName() + "' of type "
                                + component.getType().getName()
                                + "; accepted are int, long, double, boolean, String and types with @Socket"));
        Method accessor = component.getAccessor();
        accessor.setAccessible(true);
        String label = out.label().isEmpty() ? component.getName() : out.label();
        return new OutputBinding(new NodeSpec.Output(label, type, out.help()), accessor);
    }

    private static Optional<PortType> port(Class<?> type) {
        if (type == int.class || type == long.class) {
            return Optional.of(new PortType.IntType(Long.MIN_VALUE, Long.MAX_VALUE, 1, false));
        }
        if (type == double.class) {
            return Optional.of(new PortType.FloatType(-Double.MAX_VALUE, Double.MAX_VALUE, 0.01));
        }
        if (type == boolean.class) {
            return Optional.of(new PortType.BooleanType());
        }
        if (type == String.class) {
            return Optional.of(new PortType.StringType(false));
        }
        return socket(type);
    }

    /// The socket of an annotated type, or `*` of [Object].
    static Optional<PortType> socket(Class<?> type) {
        if (type == Object.class) {
            return Optional.of(new PortType.SocketType("*"));
        }
        return Optional.ofNullable(type.getAnnotation(Socket.class))
                .map(socket -> new PortType.SocketType(socket.value()));
    }

    /// The component's value with `int` widened to `Long`.
    Object read(Record outputs) {
        try {
            Object value = accessor.invoke(outputs);
            if (value == null) {
                throw new IllegalStateException(accessor + " gave null; outputs are never null");
            }
            return value instanceof Integer number ? (Object) number.longValue() : value;
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + accessor, e);
        }
    }
}
