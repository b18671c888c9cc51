package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Makes arrays between two kernels BF16 where those who make them and all who read them take it: outputs of low-bit
/// products and attention on their way through norms and rotary positions to attention and quantization. What leaves
/// or enters the graph stays F32, and with it the stream of residuals, which goes from one to the other (ADR 0046).
final class Narrowing {

    private static final int GATE = 6;
    private static final int RESIDUAL = 7;

    private final StepGraph graph;
    private final Map<Buffer, Buffer> parents = new IdentityHashMap<>();
    private final Set<Buffer> fixed = new HashSet<>();
    private final Map<Buffer, Buffer> narrow = new IdentityHashMap<>();

    private Narrowing(StepGraph graph) {
        this.graph = graph;
    }

    static void of(StepGraph graph) {
        Narrowing narrowing = new Narrowing(graph);
        Set<Buffer> made = new HashSet<>();
        for (Step step : graph.steps()) {
            step.outputs().forEach(view -> made.add(view.buffer()));
        }
        graph.kept().forEach(operand -> narrowing.fix(Optional.of(operand)));
        for (Step step : graph.steps()) {
            narrowing.classify(step);
            step.inputs().stream().flatMap(Optional::stream).forEach(operand -> {
                if (operand instanceof Operand.Stored(View view)
                        && (!made.contains(view.buffer()) || !narrowing.fits(view))) {
                    narrowing.fix(Optional.of(operand));
                }
            });
            step.outputs().stream().filter(view -> !narrowing.fits(view)).forEach(narrowing::fix);
        }
        for (int i = 0; i < graph.size(); i++) {
            graph.replace(i, narrowing.narrowed(graph.at(i)));
        }
        narrowing.narrow.forEach((wide, own) -> graph.count(Joint.BF16_ARRAYS));
        graph.settle();
    }

    /// Which operands of a step must be F32, and which must be of one type.
    private void classify(Step step) {
        switch (step.op()) {
            case LowBitMatMul -> {
                fix(step, 1, 2, 3, 4, 5);
                same(step, GATE);
                same(step, RESIDUAL);
            }
            case RotateQuantize -> {
                fix(step, 1, 2, 3, 4);
                step.outputs().forEach(this::fix);
            }
            case MultiHeadAttention -> fix(step, 3, 4, 5, 6);
            case NormModulate, NormRotary, RotaryEmbedding -> {
                fix(step, 1, 2, 3, 4, 5);
                // Norms behind norms are few and at the end, where every bit counts.
                if (graph.maker(step.in(0), OnnxOp.NormModulate).isPresent()) {
                    fix(step, 0);
                }
            }
            case Transpose, Slice -> same(step, 0);
            case Concat -> {
                for (int i = 0; i < step.inputs().size(); i++) {
                    same(step, i);
                }
            }
            default -> {
                step.inputs().forEach(this::fix);
                step.outputs().forEach(this::fix);
            }
        }
    }

    private void fix(Step step, int... inputs) {
        for (int input : inputs) {
            if (step.has(input)) {
                fix(step.inputs().get(input));
            }
        }
    }

    private void fix(Optional<Operand> operand) {
        if (operand.orElse(null) instanceof Operand.Stored(View view)) {
            fix(view);
        }
    }

    private void fix(View view) {
        fixed.add(root(view.buffer()));
    }

    /// An input and the output.
    private void same(Step step, int input) {
        if (step.has(input) && step.in(input) instanceof Operand.Stored(View view)) {
            Buffer a = root(view.buffer());
            Buffer b = root(step.out().buffer());
            if (a != b) {
                parents.put(a, b);
                if (fixed.contains(a)) {
                    fixed.add(b);
                }
            }
        }
    }

    private Buffer root(Buffer buffer) {
        Buffer at = buffer;
        Buffer parent = parents.get(at);
        while (parent != null) {
            at = parent;
            parent = parents.get(at);
        }
        return at;
    }

    /// Whether a view of half as many bytes begins where kernels can read it.
    private boolean fits(View view) {
        return view.dtype() == DType.F32 && view.offsetBytes() / 2 % View.ALIGNMENT == 0;
    }

    private Step narrowed(Step step) {
        List<Optional<Operand>> inputs = new ArrayList<>();
        for (Optional<Operand> input : step.inputs()) {
            inputs.add(input.map(operand ->
                    operand instanceof Operand.Stored(View view) ? new Operand.Stored(narrowed(view)) : operand));
        }
        List<View> outputs = step.outputs().stream().map(this::narrowed).toList();
        return new Step(step.op(), step.node(), inputs, outputs, step.scratch(), step.block());
    }

    private View narrowed(View view) {
        boolean stays = view.dtype() != DType.F32
                || view.buffer().kind() != Buffer.Kind.ARENA
                || fixed.contains(root(view.buffer()));
        if (stays) {
            return view;
        }
        Buffer own = narrow.computeIfAbsent(view.buffer(), graph::narrow);
        return new View(own, view.offsetBytes() / 2, DType.BF16, view.shape());
    }
}
