package dev.quantreel.nodes.spi;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Binds an inputs record, and the records of [SharedInputs] in it, to ports.
///
/// @param owner the node
/// @param constructor the record's canonical one
/// @param parts what its arguments are made of
record RecordBinding<R extends Record>(Class<?> owner, Constructor<R> constructor, List<Part> parts) {

    RecordBinding {
        parts = List.copyOf(parts);
    }

    /// One component.
    private sealed interface Part {

        /// Its inputs, in order.
        Stream<ComponentBinding> inputs();

        /// Its value for what the wire or links gave.
        Object argument(NodeInputs values);
    }

    private record Port(ComponentBinding binding) implements Part {
        @Override
        public Stream<ComponentBinding> inputs() {
            return Stream.of(binding);
        }

        @Override
        public Object argument(NodeInputs values) {
            return binding.argument(values);
        }
    }

    private record Nested(RecordBinding<?> binding) implements Part {
        @Override
        public Stream<ComponentBinding> inputs() {
            return binding.parts.stream().flatMap(Part::inputs);
        }

        @Override
        public Object argument(NodeInputs values) {
            return binding.record(values);
        }
    }

    /// @throws IllegalArgumentException naming the node when a component declares no input, or two have one name
    static <R extends Record> RecordBinding<R> of(Class<?> owner, Class<R> type) {
        RecordBinding<R> binding = bound(owner, type, Set.of());
        Set<String> names = new HashSet<>();
        for (NodeSpec.Input input : binding.specs()) {
            if (!names.add(input.name())) {
                throw AnnotatedNode.fault(
                        owner, "has two inputs called '" + input.name() + "', one of them a shared one");
            }
        }
        return binding;
    }

    private static <R extends Record> RecordBinding<R> bound(Class<?> owner, Class<R> type, Set<Class<?>> outer) {
        Set<Class<?>> within = new HashSet<>(outer);
        within.add(type);
        List<Part> parts = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            parts.add(
                    component.isAnnotationPresent(SharedInputs.class)
                            ? new Nested(bound(owner, shared(owner, component, within), within))
                            : new Port(ComponentBinding.of(owner, component)));
        }
        return new RecordBinding<>(owner, canonicalConstructor(type), parts);
    }

    private static Class<? extends Record> shared(Class<?> owner, RecordComponent component, Set<Class<?>> outer) {
        Class<?> type = component.getType();
        String shared = "has the shared inputs '" + component.getName() + "', which ";
        if (!type.isRecord()) {
            throw AnnotatedNode.fault(owner, shared + "are of " + type.getName() + "; a record is needed");
        }
        if (component.isAnnotationPresent(In.class)) {
            throw AnnotatedNode.fault(owner, shared + "have @In besides; accepted is one of the two");
        }
        if (outer.contains(type)) {
            throw AnnotatedNode.fault(owner, shared + "hold themselves");
        }
        return type.asSubclass(Record.class);
    }

    private static <R extends Record> Constructor<R> canonicalConstructor(Class<R> type) {
        Class<?>[] parameters = Stream.of(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            Constructor<R> result = type.getDeclaredConstructor(parameters);
            result.setAccessible(true);
            return result;
        } catch (NoSuchMethodException e) {
            throw new IllegalArgumentException(type.getName() + " has no canonical constructor", e);
        }
    }

    /// All inputs in the order of the node.
    List<NodeSpec.Input> specs() {
        return parts.stream().flatMap(Part::inputs).map(ComponentBinding::spec).toList();
    }

    /// The record for what the wire or links gave.
    ///
    /// @throws NodeInputException when a value does not fit
    R record(NodeInputs values) {
        Object[] arguments = parts.stream().map(part -> part.argument(values)).toArray();
        try {
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof NodeInputException wrong) {
                throw wrong;
            }
            throw new IllegalArgumentException(
                    owner.getSimpleName() + " rejected its inputs: " + e.getCause(), e.getCause());
        } catch (InstantiationException | IllegalAccessException e) {
            throw new IllegalStateException("cannot create the inputs of " + owner.getSimpleName(), e);
        }
    }
}
