package dev.quantreel.nodes.spi;

import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One component of an inputs record: its port, and how a wire value becomes the component's value.
///
/// @param optional the component is an `Optional`
/// @param type the component's type, or the `Optional`'s argument
record ComponentBinding(NodeSpec.Input spec, boolean optional, Class<?> type) {

    static ComponentBinding of(Class<?> owner, RecordComponent component) {
        In in = component.getAnnotation(In.class);
        if (in == null) {
            throw AnnotatedNode.fault(owner, "has the input '" + component.getName() + "' without @In");
        }
        Declaration declaration = new Declaration(owner, component.getName(), in);
        if (in.help().isBlank()) {
            throw declaration.fault("has an empty help text");
        }
        boolean optional = component.getType() == Optional.class;
        Class<?> type = optional ? argument(declaration, component) : component.getType();
        PortType port = declaration.port(type);
        if (optional && !(port instanceof PortType.SocketType)) {
            throw declaration.fault("is an Optional of a widget type; only sockets can be optional");
        }
        Optional<Object> initial = declaration.initial(port, type);
        return new ComponentBinding(
                new NodeSpec.Input(component.getName(), port, !optional, initial, in.help(), in.advanced()),
                optional,
                type);
    }

    private static Class<?> argument(Declaration declaration, RecordComponent component) {
        if (component.getGenericType() instanceof ParameterizedType generic
                && generic.getActualTypeArguments()[0] instanceof Class<?> type) {
            return type;
        }
        throw declaration.fault("must be Optional<T> of a class");
    }

    /// The component's value for what the wire or a link gave.
    Object argument(NodeInputs values) {
        Optional<Object> value = values.value(spec.name());
        if (optional) {
            return value.map(this::coerce);
        }
        return coerce(value.or(spec::initial)
                .orElseThrow(
                        () -> new NodeInputException(spec.name(), "is missing; connect or enter " + expected(type))));
    }

    private Object coerce(Object value) {
        return switch (spec.type()) {
            case PortType.IntType range -> integer(range, number(value).longValue());
            case PortType.FloatType range -> real(range, number(value).doubleValue());
            case PortType.BooleanType _ when value instanceof Boolean -> value;
            case PortType.StringType _ when value instanceof String -> value;
            case PortType.ComboType _ when type.isEnum() -> constant(value.toString());
            case PortType.ComboType _ when value instanceof String -> value;
            case PortType.SocketType _ when type.isInstance(value) -> value;
            default -> throw wrong(value, "expected " + expected(type));
        };
    }

    private Number number(Object value) {
        if (value instanceof Number number) {
            return number;
        }
        throw wrong(value, "expected a number");
    }

    private Object integer(PortType.IntType range, long value) {
        if (value < range.min() || value > range.max()) {
            throw wrong(value, "accepted are " + range.min() + " to " + range.max());
        }
        return type == int.class ? (Object) (int) value : (Object) value;
    }

    private Object real(PortType.FloatType range, double value) {
        if (!(value >= range.min() && value <= range.max())) {
            throw wrong(value, "accepted are " + range.min() + " to " + range.max());
        }
        return value;
    }

    private Object constant(String label) {
        return Stream.of(type.getEnumConstants())
                .filter(constant -> constant.toString().equals(label))
                .findFirst()
                .orElseThrow(() -> wrong(label, "accepted are " + String.join(", ", labels(type))));
    }

    private NodeInputException wrong(Object value, String accepted) {
        String shown = value instanceof String || value instanceof Number || value instanceof Boolean
                ? "'" + value + "'"
                : "a " + expected(value.getClass());
        return new NodeInputException(spec.name(), "is " + shown + "; " + accepted);
    }

    private static String expected(Class<?> type) {
        Socket socket = type.getAnnotation(Socket.class);
        return socket == null ? type.getSimpleName() : socket.value();
    }

    static List<String> labels(Class<?> type) {
        return Stream.of(type.getEnumConstants()).map(Object::toString).toList();
    }

    /// An input under construction; turns the annotation into a port.
    private record Declaration(Class<?> owner, String name, In in) {

        IllegalArgumentException fault(String what) {
            return AnnotatedNode.fault(owner, "has the input '" + name + "', which " + what);
        }

        PortType port(Class<?> type) {
            if (type == int.class || type == long.class) {
                return new PortType.IntType(bound(type, in.min()), bound(type, in.max()), step(), in.seed());
            }
            if (type == double.class) {
                return new PortType.FloatType(in.min(), in.max(), in.step() == 0 ? 0.01 : in.step());
            }
            if (type == boolean.class) {
                return new PortType.BooleanType();
            }
            if (type == String.class) {
                return text();
            }
            if (type.isEnum()) {
                List<String> labels = labels(type);
                return new PortType.ComboType(folders -> labels);
            }
            return OutputBinding.socket(type)
                    .orElseThrow(() -> fault("has the type " + type.getName()
                            + "; accepted are int, long, double, boolean, String, enums and types with @Socket"));
        }

        private long bound(Class<?> type, double value) {
            long limit = (long) value;
            return type == int.class ? Math.clamp(limit, Integer.MIN_VALUE, Integer.MAX_VALUE) : limit;
        }

        private long step() {
            return in.step() == 0 ? 1 : (long) in.step();
        }

        private PortType text() {
            if (!in.folder().isEmpty()) {
                String folder = in.folder();
                return new PortType.ComboType(folders -> folders.files(folder));
            }
            if (in.options() == ComboOptions.Any.class) {
                return new PortType.StringType(in.multiline());
            }
            try {
                Constructor<? extends ComboOptions> constructor = in.options().getDeclaredConstructor();
                constructor.setAccessible(true);
                return new PortType.ComboType(constructor.newInstance()::options);
            } catch (ReflectiveOperationException e) {
                throw new IllegalArgumentException(
                        fault("has options that cannot be created").getMessage(), e);
            }
        }

        Optional<Object> initial(PortType port, Class<?> type) {
            String text = in.initial();
            return switch (port) {
                case PortType.SocketType _ -> Optional.empty();
                case PortType.StringType _ -> Optional.of(text);
                case PortType.BooleanType _
                when text.equals("true") || text.equals("false") -> Optional.of(Boolean.valueOf(text));
                case PortType.BooleanType _ -> throw fault("needs initial = \"true\" or \"false\"");
                case PortType.ComboType _ when type.isEnum() -> Optional.of(label(type, text));
                case PortType.ComboType _ -> text.isEmpty() ? Optional.empty() : Optional.of(text);
                case PortType.IntType range -> Optional.of((long) within(range.min(), range.max()));
                case PortType.FloatType range -> Optional.of(within(range.min(), range.max()));
            };
        }

        private String label(Class<?> type, String text) {
            List<String> labels = labels(type);
            if (!labels.contains(text)) {
                throw fault("has the default '" + text + "'; accepted are "
                        + labels.stream().collect(Collectors.joining(", ")));
            }
            return text;
        }

        private double within(double min, double max) {
            double value;
            try {
                value = Double.parseDouble(in.initial());
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        fault("needs a number as default, found '" + in.initial() + "'")
                                .getMessage(),
                        e);
            }
            if (!(value >= min && value <= max)) {
                throw fault("has the default " + in.initial() + " outside its range " + min + " to " + max);
            }
            return value;
        }
    }
}
