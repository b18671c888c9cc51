package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/// The steps of a plan while passes join them: who makes an array and who reads it. Steps that went into others leave a
/// gap, new ones wait beside the step that they come before, until [#settle] puts everything in order.
final class StepGraph {

    private static final int SEVERAL = -1;
    private static final int OUTSIDE = -1;

    private final Collection<Operand> kept;
    private final Map<Buffer, Tensor> constants;
    private final BiFunction<String, ShapeRules.Form, View> memory;
    private final Map<Joint, Integer> joints = new EnumMap<>(Joint.class);
    private final Map<Buffer, Integer> makers = new IdentityHashMap<>();
    private final Map<Buffer, List<Integer>> readers = new IdentityHashMap<>();
    private final Map<Integer, List<Step>> before = new HashMap<>();
    private List<Step> steps;

    /// @param kept values that leave the graph
    /// @param constants contents of small arrays
    /// @param memory gives a new array a place
    StepGraph(
            List<Step> steps,
            Collection<Operand> kept,
            Map<Buffer, Tensor> constants,
            BiFunction<String, ShapeRules.Form, View> memory) {
        this.steps = new ArrayList<>(steps);
        this.kept = kept;
        this.constants = constants;
        this.memory = memory;
        settle();
    }

    /// Puts new steps in their places and forgets those whose results nothing reads.
    void settle() {
        List<Step> all = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            all.addAll(before.getOrDefault(i, List.of()));
            all.add(steps.get(i));
        }
        before.clear();
        readers.clear();
        kept.forEach(operand -> reads(operand, OUTSIDE));
        List<Step> left = new ArrayList<>();
        for (Step step : all.reversed()) {
            if (step.outputs().stream().anyMatch(view -> readers.containsKey(view.buffer()))) {
                step.inputs().stream().flatMap(Optional::stream).forEach(operand -> reads(operand, OUTSIDE));
                left.addFirst(step);
            }
        }
        steps = left;
        readers.clear();
        makers.clear();
        kept.forEach(operand -> reads(operand, OUTSIDE));
        for (int i = 0; i < steps.size(); i++) {
            int index = i;
            steps.get(i).inputs().stream().flatMap(Optional::stream).forEach(operand -> reads(operand, index));
            steps.get(i)
                    .outputs()
                    .forEach(view -> makers.merge(view.buffer(), index, (a, b) -> a.equals(b) ? a : SEVERAL));
        }
    }

    private void reads(Operand operand, int reader) {
        if (operand instanceof Operand.Stored(View view)) {
            readers.computeIfAbsent(view.buffer(), first -> new ArrayList<>()).add(reader);
        }
    }

    List<Step> steps() {
        return steps;
    }

    Collection<Operand> kept() {
        return kept;
    }

    Map<Joint, Integer> joints() {
        return joints;
    }

    int size() {
        return steps.size();
    }

    Step at(int index) {
        return steps.get(index);
    }

    /// The step that makes all of an operand.
    Optional<Integer> maker(Operand operand) {
        if (!(operand instanceof Operand.Stored(View view)) || !isWhole(view)) {
            return Optional.empty();
        }
        return Optional.ofNullable(makers.get(view.buffer())).filter(maker -> maker != SEVERAL);
    }

    /// The step that makes all of an operand, if it makes nothing else and is this operator.
    Optional<Integer> maker(Operand operand, OnnxOp op) {
        return maker(operand)
                .filter(maker -> at(maker).op() == op && at(maker).outputs().size() == 1);
    }

    /// The step that makes an operand for this reader alone, as a whole.
    Optional<Integer> sole(Operand operand, OnnxOp op) {
        return maker(operand, op).filter(maker -> readers(at(maker).out()).size() == 1);
    }

    /// Indices of the steps that read an array or a part of it, once for every time; -1 for who is outside.
    List<Integer> readers(View view) {
        return readers.getOrDefault(view.buffer(), List.of());
    }

    /// Whether all that read an array are steps of this operator, which read all of it as their first input.
    boolean feedsOnly(View view, OnnxOp op) {
        return readers(view).stream()
                .allMatch(reader -> reader != OUTSIDE
                        && at(reader).op() == op
                        && at(reader).in(0) instanceof Operand.Stored(View read)
                        && read.buffer() == view.buffer()
                        && isWhole(read));
    }

    static boolean isWhole(View view) {
        return view.offsetBytes() == 0 && view.bytes() == view.buffer().bytes();
    }

    /// Replaces the step at `index` by another and removes those that went into it.
    void replace(int index, Step joined, int... gone) {
        steps.set(index, joined);
        drop(gone);
    }

    void drop(int... gone) {
        for (int other : gone) {
            Step old = steps.get(other);
            steps.set(other, new Step(old.op(), old.node(), List.of(), List.of(), Optional.empty(), old.block()));
        }
    }

    /// Puts a step before another.
    void insert(int index, Step step) {
        before.computeIfAbsent(index, first -> new ArrayList<>()).add(step);
    }

    /// A new array of F32.
    View array(String name, Shape shape) {
        return memory.apply(name, new ShapeRules.Form(DType.F32, shape));
    }

    /// An array of BF16 in the place of one of F32.
    Buffer narrow(Buffer wide) {
        long elements = wide.bytes() / Float.BYTES;
        return memory.apply(wide.name(), new ShapeRules.Form(DType.BF16, Shape.of(elements)))
                .buffer();
    }

    void count(Joint joint) {
        joints.merge(joint, 1, Integer::sum);
    }

    /// Contents of an array that was known when the plan was made.
    Optional<Tensor> constant(Operand operand) {
        return operand instanceof Operand.Stored(View view) && isWhole(view)
                ? Optional.ofNullable(constants.get(view.buffer()))
                : Optional.empty();
    }

    /// Whether an F32 operand is known to be 1 everywhere.
    boolean isOnes(Operand operand) {
        return constant(operand)
                .filter(tensor -> tensor.dtype() == DType.F32)
                .map(tensor -> {
                    for (long i = 0; i < tensor.elements(); i++) {
                        if (tensor.data().get(Tensor.FLOAT, 4 * i) != 1) {
                            return false;
                        }
                    }
                    return true;
                })
                .orElse(false);
    }

    /// A step with one output that does what `node` says, in the block of another.
    static Step like(Step step, List<Optional<Operand>> inputs, View output, NodeProto node) {
        return new Step(
                OnnxOp.valueOf(node.getOpType()), node, inputs, List.of(output), Optional.empty(), step.block());
    }
}
