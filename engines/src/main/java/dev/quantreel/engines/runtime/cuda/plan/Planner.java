package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.reference.HostOperators;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// Plans a graph for inputs of given shapes: walks it once in order, computes on the host what follows from shapes,
/// constants and small inputs (branches of an `If` are chosen here), and makes a [Step] of everything else.
///
/// One planner plans one run's shape; not thread-safe.
public final class Planner {

    /// Elements up to which a value is folded; larger ones are worth a kernel.
    private static final long FOLDED = 1 << 16;

    private final Map<String, Operand> values = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private final List<Buffer> arena = new ArrayList<>();
    private final Map<Buffer, Tensor> constants = new LinkedHashMap<>();
    private final Map<Tensor, View> materialized = new HashMap<>();
    private final Map<Joint, Integer> joints = new EnumMap<>(Joint.class);
    private final Needs needs;
    private String block = "";

    /// What the kernels want beside their operands.
    public interface Needs {
        /// Bytes of memory for this step alone; its own scratch is not in it yet.
        long scratchBytes(Step step);

        /// Whether the kernels do several steps in one pass where they can, [Fusion].
        default boolean fuses() {
            return false;
        }

        /// Whether arrays between joined steps are BF16 where the kernels take it, [Narrowing].
        default boolean narrows() {
            return false;
        }
    }

    private Planner(Needs needs) {
        this.needs = needs;
    }

    /// Whether the contents of a graph input, and not only its shape, are part of a plan: integers and scalars, which
    /// shapes, branches and bits follow from.
    public static boolean isKnown(Tensor input) {
        return input.dtype() == DType.I64
                || input.dtype() == DType.BOOL && input.shape().rank() == 0
                || input.dtype() == DType.F32 && input.shape().rank() == 0;
    }

    /// @param graph checked
    /// @param inputs by name; of those that are not [#isKnown] only type and shape are used
    /// @param weights initializers that are on the device, by name
    /// @throws IllegalArgumentException naming a node that cannot run and why
    public static GraphPlan plan(GraphProto graph, Map<String, Tensor> inputs, Map<String, View> weights, Needs needs) {
        Planner planner = new Planner(needs);
        weights.forEach((name, view) -> planner.values.put(name, new Operand.Stored(view)));
        Map<String, View> stored = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> {
            if (isKnown(tensor)) {
                planner.values.put(name, new Operand.Known(tensor));
            } else {
                View view = planner.arena(name, tensor.dtype(), tensor);
                stored.put(name, view);
                planner.values.put(name, new Operand.Stored(view));
            }
        });
        planner.walk(graph);
        SequencedMap<String, Operand> outputs = new LinkedHashMap<>();
        for (ValueInfoProto output : graph.getOutputList()) {
            outputs.put(output.getName(), planner.value(output.getName()));
        }
        return planner.finished(stored, outputs);
    }

    private View arena(String name, DType dtype, Tensor like) {
        return arena(name, new ShapeRules.Form(dtype, like.shape()));
    }

    private View arena(String name, ShapeRules.Form form) {
        Buffer buffer = new Buffer(
                Buffer.Kind.ARENA, name, form.dtype().byteSize(form.shape().elements()));
        arena.add(buffer);
        return new View(buffer, 0, form.dtype(), form.shape());
    }

    private void walk(GraphProto graph) {
        for (TensorProto initializer : graph.getInitializerList()) {
            if (!values.containsKey(initializer.getName())) {
                values.put(initializer.getName(), new Operand.Known(HostOperators.inline(initializer)));
            }
        }
        String outer = block;
        for (NodeProto node : graph.getNodeList()) {
            block = BlockScope.of(node, block);
            try {
                node(node);
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw named(node, e);
            }
        }
        block = outer;
    }

    private static IllegalArgumentException named(NodeProto node, RuntimeException cause) {
        String message = String.valueOf(cause.getMessage());
        return message.startsWith("node ")
                ? new IllegalArgumentException(message, cause)
                : new IllegalArgumentException(
                        "node " + node.getName() + " (" + node.getOpType() + "): " + message, cause);
    }

    private Operand value(String name) {
        Operand value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("value " + name + " is not defined");
        }
        return value;
    }

    private void node(NodeProto node) {
        OnnxOp op = OnnxOp.valueOf(node.getOpType());
        List<Optional<Operand>> inputs = new ArrayList<>();
        for (String name : node.getInputList()) {
            inputs.add(name.isEmpty() ? Optional.empty() : Optional.of(value(name)));
        }
        switch (op) {
            case If -> branch(node, inputs);
            case Shape -> define(node, List.of(extents(node, inputs)));
            default -> {
                if (isFoldable(op, inputs)) {
                    define(node, HostOperators.apply(node, contents(inputs)));
                } else {
                    onDevice(op, node, inputs);
                }
            }
        }
    }

    private static Tensor extents(NodeProto node, List<Optional<Operand>> inputs) {
        long[] dims = inputs.getFirst().orElseThrow().shape().toArray();
        NodeAttributes attributes = new NodeAttributes(node);
        int start = attributes.integer("start", 0);
        int end = attributes.integer("end", dims.length);
        int from = Math.clamp(start < 0 ? start + dims.length : start, 0, dims.length);
        int to = Math.clamp(end < 0 ? end + dims.length : end, from, dims.length);
        return Tensor.ofLongs(Shape.of(to - from), Arrays.copyOfRange(dims, from, to));
    }

    private static boolean isFoldable(OnnxOp op, List<Optional<Operand>> inputs) {
        return op != OnnxOp.Scan
                && !op.domain().equals(OnnxOp.QUANTREEL)
                && inputs.stream()
                        .flatMap(Optional::stream)
                        .allMatch(input -> input instanceof Operand.Known(Tensor t) && t.elements() <= FOLDED);
    }

    private static List<Optional<Tensor>> contents(List<Optional<Operand>> inputs) {
        return inputs.stream()
                .map(input -> input.map(value -> value.known("an input").tensor()))
                .toList();
    }

    private void define(NodeProto node, List<Tensor> results) {
        for (int i = 0; i < node.getOutputCount(); i++) {
            values.put(node.getOutput(i), new Operand.Known(results.get(i)));
        }
    }

    /// The branch that is taken becomes part of the graph around it.
    private void branch(NodeProto node, List<Optional<Operand>> inputs) {
        Operand.Known condition = inputs.getFirst().orElseThrow().known("the condition");
        boolean isTrue = condition.tensor().data().get(ValueLayout.JAVA_BYTE, 0) != 0;
        String name = isTrue ? "then_branch" : "else_branch";
        GraphProto taken = new NodeAttributes(node)
                .graph(name)
                .orElseThrow(() -> new IllegalArgumentException("attribute " + name + " is missing"));
        walk(taken);
        for (int i = 0; i < node.getOutputCount(); i++) {
            values.put(node.getOutput(i), value(taken.getOutput(i).getName()));
        }
    }

    private void onDevice(OnnxOp op, NodeProto node, List<Optional<Operand>> inputs) {
        List<ShapeRules.Form> forms = ShapeRules.of(op, node, inputs);
        Optional<List<View>> views = Aliases.of(op, node, inputs, forms);
        if (views.isPresent()) {
            for (int i = 0; i < views.get().size(); i++) {
                values.put(node.getOutput(i), new Operand.Stored(views.get().get(i)));
            }
            return;
        }
        List<Optional<Operand>> operands = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            int index = i;
            operands.add(inputs.get(i).map(input -> placed(op, index, input)));
        }
        List<View> outputs = new ArrayList<>();
        for (int i = 0; i < node.getOutputCount(); i++) {
            if (i >= forms.size()) {
                throw new IllegalArgumentException("output " + i + " has no kernel");
            }
            View view = arena(node.getOutput(i), forms.get(i));
            outputs.add(view);
            values.put(node.getOutput(i), new Operand.Stored(view));
        }
        steps.add(new Step(op, node, operands, outputs, Optional.empty(), block));
    }

    private Step withScratch(Step step) {
        long bytes = needs.scratchBytes(step);
        return bytes == 0
                ? step
                : new Step(
                        step.op(),
                        step.node(),
                        step.inputs(),
                        step.outputs(),
                        Optional.of(scratch(step.node(), bytes)),
                        step.block());
    }

    private View scratch(NodeProto node, long bytes) {
        return arena(node.getName() + " (scratch)", new ShapeRules.Form(DType.U8, Shape.of(bytes)));
    }

    /// Constants that a kernel reads from memory get a place there; those that it takes by value stay.
    private Operand placed(OnnxOp op, int index, Operand input) {
        if (!(input instanceof Operand.Known(Tensor tensor)) || HostInputs.of(op, index)) {
            return input;
        }
        return new Operand.Stored(materialized.computeIfAbsent(tensor, missing -> {
            Buffer buffer = new Buffer(
                    Buffer.Kind.CONSTANT, op + " input " + index, tensor.data().byteSize());
            constants.put(buffer, tensor);
            return new View(buffer, 0, tensor.dtype(), tensor.shape());
        }));
    }

    private GraphPlan finished(Map<String, View> inputs, SequencedMap<String, Operand> outputs) {
        if (needs.fuses()) {
            StepGraph graph = new StepGraph(steps, outputs.values(), constants, this::arena);
            Fusion.of(graph, needs.narrows());
            steps.clear();
            steps.addAll(graph.steps());
            joints.putAll(graph.joints());
        }
        steps.replaceAll(this::withScratch);
        Map<Buffer, int[]> spans = new IdentityHashMap<>();
        inputs.values().forEach(view -> touch(spans, view, -1));
        for (int i = 0; i < steps.size(); i++) {
            int at = i;
            Step step = steps.get(i);
            step.outputs().forEach(view -> touch(spans, view, at));
            step.scratch().ifPresent(view -> touch(spans, view, at));
            step.inputs().stream().flatMap(Optional::stream).forEach(operand -> {
                if (operand instanceof Operand.Stored(View view)) {
                    touch(spans, view, at);
                }
            });
        }
        outputs.values().forEach(operand -> {
            if (operand instanceof Operand.Stored(View view)) {
                touch(spans, view, steps.size());
            }
        });
        List<ArenaLayout.Lifetime> lifetimes = new ArrayList<>();
        for (Buffer buffer : arena) {
            int[] span = spans.get(buffer);
            if (span != null) {
                lifetimes.add(new ArenaLayout.Lifetime(buffer, span[0], span[1]));
            }
        }
        return new GraphPlan(steps, inputs, outputs, constants, ArenaLayout.of(lifetimes), joints);
    }

    private static void touch(Map<Buffer, int[]> spans, View view, int at) {
        if (view.buffer().kind() == Buffer.Kind.ARENA) {
            int[] span = spans.computeIfAbsent(view.buffer(), first -> new int[] {at, at});
            span[1] = Math.max(span[1], at);
        }
    }

    /// Names of the blocks in the order they run.
    public static List<String> blocks(List<Step> steps) {
        return steps.stream()
                .map(Step::block)
                .filter(name -> !name.isEmpty())
                .distinct()
                .collect(Collectors.toList());
    }
}
