package dev.quantreel.nodes.spi;

import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Binds a [Node]'s records to a [NodeSpec]: with [RecordBinding] and [ComponentBinding] the only reflection of the
/// SPI. Everything that can be wrong with a node's declaration is found here, when the pack is loaded.
final class AnnotatedNode<I extends Record, O extends Record> implements NodeDefinition {

    private final Node<I, O> node;
    private final NodeSpec spec;
    private final RecordBinding<I> inputs;
    private final List<OutputBinding> outputs;

    private AnnotatedNode(Node<I, O> node, Class<I> inputType, Class<O> outputType) {
        this.node = node;
        Class<?> type = node.getClass();
        this.inputs = RecordBinding.of(type, inputType);
        this.outputs = Stream.of(outputType.getRecordComponents())
                .map(component -> OutputBinding.of(type, component))
                .toList();
        this.spec = spec(type);
    }

    static NodeDefinition of(Node<?, ?> node) {
        Class<?> type = node.getClass();
        if (!Modifier.isFinal(type.getModifiers())) {
            throw fault(type, "must be final");
        }
        Arrays.stream(type.getDeclaredFields())
                .filter(field -> !Modifier.isFinal(field.getModifiers()) && !field.isSynthetic())
                .findFirst()
                .ifPresent(field -> {
                    throw fault(
                            type, "has the field '" + field.getName() + "', which is not final; nodes keep no state");
                });
        return bind(node, type);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // the two classes are the node's own type arguments
    private static NodeDefinition bind(Node<?, ?> node, Class<?> type) {
        ParameterizedType declared = Stream.of(type.getGenericInterfaces())
                .filter(ParameterizedType.class::isInstance)
                .map(ParameterizedType.class::cast)
                .filter(candidate -> candidate.getRawType() == Node.class)
                .findFirst()
                .orElseThrow(() -> fault(type, "must implement Node<Inputs, Outputs> directly"));
        Type[] arguments = declared.getActualTypeArguments();
        return new AnnotatedNode(node, recordClass(type, arguments[0]), recordClass(type, arguments[1]));
    }

    private static Class<?> recordClass(Class<?> owner, Type type) {
        if (type instanceof Class<?> result && result.isRecord()) {
            return result;
        }
        throw fault(owner, "must name records as inputs and outputs, found " + type.getTypeName());
    }

    private NodeSpec spec(Class<?> type) {
        NodeType annotation = type.getAnnotation(NodeType.class);
        if (annotation == null) {
            throw fault(type, "lacks @NodeType");
        }
        if (!annotation.id().equals(type.getSimpleName())) {
            throw fault(type, "has the id '" + annotation.id() + "'; the id must be the simple class name");
        }
        if (annotation.title().isBlank()
                || annotation.category().isBlank()
                || annotation.description().isBlank()) {
            throw fault(type, "needs a title, a category and a description in @NodeType");
        }
        return new NodeSpec(
                annotation.id(),
                annotation.title(),
                annotation.category(),
                annotation.description(),
                annotation.version(),
                annotation.output(),
                annotation.cacheable(),
                List.of(annotation.aliases()),
                inputs.specs(),
                outputs.stream().map(OutputBinding::spec).toList());
    }

    static IllegalArgumentException fault(Class<?> type, String what) {
        return new IllegalArgumentException("node " + type.getName() + " " + what);
    }

    @Override
    public NodeSpec spec() {
        return spec;
    }

    @Override
    public NodeOutputs run(NodeInputs values, NodeContext context) throws Exception {
        O result = node.run(inputs.record(values), context);
        return new NodeOutputs(
                outputs.stream().map(output -> output.read(result)).toList());
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws Exception {
        return node.fingerprint(constants, folders);
    }

    @Override
    public String toString() {
        return "node " + spec.id();
    }
}
