package dev.quantreel.server.graph;

import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.server.graph.InputError.Extra;
import dev.quantreel.server.graph.InputError.Type;
import dev.quantreel.server.workflow.InputValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Fits constants to their ports, with ComfyUI's (that is Python's) conversions.
final class InputValidator {

    private static final int MAX_OPTIONS_SHOWN = 20;

    private final NodeFolders folders;
    private final Map<PortType.ComboType, List<String>> options = new IdentityHashMap<>();

    InputValidator(NodeFolders folders) {
        this.folders = folders;
    }

    /// A value for the port, or why there is none.
    sealed interface Fit {
        record Fits(Object value) implements Fit {}

        record Unfit(InputError error) implements Fit {}
    }

    /// @param given a constant, not a link
    Fit fit(NodeSpec.Input input, InputValue given) {
        return switch (given) {
            case InputValue.Constant(Object value) -> constant(input, given, value);
            case InputValue.Structure(String shown) -> unconvertible(input, given, shown + " is not a single value");
            case InputValue.Malformed malformed ->
                new Fit.Unfit(new InputError(
                        Type.BAD_LINKED_INPUT,
                        "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                        input.name() + ", received " + malformed.shown(),
                        received(input, given)));
            case InputValue.Link link -> throw new IllegalArgumentException("a link is not a constant: " + link);
        };
    }

    private Fit constant(NodeSpec.Input input, InputValue given, Object value) {
        return switch (input.type()) {
            case PortType.IntType type -> integer(input, given, value, type);
            case PortType.FloatType type -> number(input, given, value, type);
            case PortType.BooleanType ignored -> new Fit.Fits(truth(value));
            case PortType.StringType ignored -> new Fit.Fits(text(value));
            case PortType.ComboType type -> choice(input, given, text(value), type);
            case PortType.SocketType type ->
                type.name().equals("*")
                        ? new Fit.Fits(value)
                        : unconvertible(input, given, given.shown() + " is a value, but this input takes a link");
        };
    }

    private Fit integer(NodeSpec.Input input, InputValue given, Object value, PortType.IntType type) {
        Optional<BigInteger> converted =
                switch (value) {
                    case Long number -> Optional.of(BigInteger.valueOf(number));
                    case BigInteger number -> Optional.of(number);
                    case Double number -> Optional.of(new BigDecimal(number).toBigInteger());
                    case Boolean flag -> Optional.of(flag ? BigInteger.ONE : BigInteger.ZERO);
                    default -> parsed(value.toString(), BigInteger::new);
                };
        if (converted.isEmpty()) {
            return unconvertible(input, given, given.shown() + " is not a whole number");
        }
        BigInteger number = converted.get();
        if (number.compareTo(BigInteger.valueOf(type.min())) < 0) {
            return smaller(input, given, number.toString(), Long.toString(type.min()));
        }
        if (number.compareTo(BigInteger.valueOf(type.max())) > 0) {
            return bigger(input, given, number.toString(), Long.toString(type.max()));
        }
        return new Fit.Fits(number.longValueExact());
    }

    private Fit number(NodeSpec.Input input, InputValue given, Object value, PortType.FloatType type) {
        Optional<Double> converted =
                switch (value) {
                    case Number number -> Optional.of(number.doubleValue());
                    case Boolean flag -> Optional.of(flag ? 1.0 : 0.0);
                    default -> parsed(value.toString(), Double::valueOf);
                };
        if (converted.isEmpty() || !Double.isFinite(converted.get())) {
            return unconvertible(input, given, given.shown() + " is not a finite number");
        }
        double number = converted.get();
        if (number < type.min()) {
            return smaller(input, given, shown(number), shown(type.min()));
        }
        if (number > type.max()) {
            return bigger(input, given, shown(number), shown(type.max()));
        }
        return new Fit.Fits(number);
    }

    private Fit choice(NodeSpec.Input input, InputValue given, String value, PortType.ComboType type) {
        List<String> accepted =
                options.computeIfAbsent(type, combo -> combo.options().apply(folders));
        if (accepted.contains(value)) {
            return new Fit.Fits(value);
        }
        boolean few = accepted.size() <= MAX_OPTIONS_SHOWN;
        String shown = few
                ? "["
                        + String.join(
                                ", ",
                                accepted.stream()
                                        .map(option -> "'" + option + "'")
                                        .toList()) + "]"
                : "(list of length " + accepted.size() + ")";
        return new Fit.Unfit(new InputError(
                Type.VALUE_NOT_IN_LIST,
                "Value not in list",
                input.name() + ": '" + value + "' not in " + shown,
                new InputError.Received(
                        input, given, few ? Optional.of(accepted) : Optional.empty(), Optional.empty())));
    }

    private static boolean truth(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case BigInteger number -> number.signum() != 0;
            case Number number -> number.doubleValue() != 0;
            default -> !value.toString().isEmpty();
        };
    }

    private static String text(Object value) {
        return switch (value) {
            case Boolean flag -> flag ? "True" : "False";
            default -> value.toString();
        };
    }

    private static <T> Optional<T> parsed(String text, Function<String, T> parser) {
        try {
            return Optional.of(parser.apply(text.strip()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Fit smaller(NodeSpec.Input input, InputValue given, String value, String min) {
        return new Fit.Unfit(new InputError(
                Type.VALUE_SMALLER_THAN_MIN,
                "Value " + value + " smaller than min of " + min,
                input.name(),
                received(input, given)));
    }

    private static Fit bigger(NodeSpec.Input input, InputValue given, String value, String max) {
        return new Fit.Unfit(new InputError(
                Type.VALUE_BIGGER_THAN_MAX,
                "Value " + value + " bigger than max of " + max,
                input.name(),
                received(input, given)));
    }

    private static Fit unconvertible(NodeSpec.Input input, InputValue given, String why) {
        return new Fit.Unfit(new InputError(
                Type.INVALID_INPUT_TYPE,
                "Failed to convert an input value to a " + input.type().wireName() + " value",
                input.name() + ", " + given.shown() + ", " + why,
                new InputError.Received(input, given, Optional.empty(), Optional.of(why))));
    }

    static Extra received(NodeSpec.Input input, InputValue given) {
        return new InputError.Received(input, given, Optional.empty(), Optional.empty());
    }

    private static String shown(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? Long.toString((long) number)
                : Double.toString(number);
    }
}
