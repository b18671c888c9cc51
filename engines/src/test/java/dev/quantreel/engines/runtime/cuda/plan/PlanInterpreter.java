package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.runtime.reference.HostOperators;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Carries out a plan in host memory, each step by the reference operators: the arena is one segment, so that arrays
/// which overlap by mistake destroy each other.
public final class PlanInterpreter {

    private final OnnxModel model;
    private final Options options;
    private final Map<String, View> weights = new LinkedHashMap<>();

    /// How plans are made and carried out.
    ///
    /// @param fuses whether steps are joined as for the kernels
    /// @param narrows whether what lies between them is BF16
    /// @param change made to every step before it runs
    /// @param rounded steps whose results are rounded to BF16, whatever the plan says
    public record Options(boolean fuses, boolean narrows, UnaryOperator<Step> change, Predicate<Step> rounded) {

        public static final Options PLAIN = new Options(false, false, UnaryOperator.identity(), step -> false);
        public static final Options FUSED = new Options(true, false, UnaryOperator.identity(), step -> false);
        public static final Options NARROW = new Options(true, true, UnaryOperator.identity(), step -> false);

        public Options withChange(UnaryOperator<Step> changed) {
            return new Options(fuses, narrows, changed, rounded);
        }

        public Options withRounding(Predicate<Step> steps) {
            return new Options(fuses, narrows, change, steps);
        }
    }

    public PlanInterpreter(OnnxModel model) {
        this(model, Options.PLAIN);
    }

    public PlanInterpreter(OnnxModel model, Options options) {
        this.model = model;
        this.options = options;
        for (TensorProto initializer : model.proto().getGraph().getInitializerList()) {
            Tensor weight = model.weights().get(initializer.getName());
            if (weight != null) {
                Buffer buffer = new Buffer(
                        Buffer.Kind.WEIGHT, initializer.getName(), weight.data().byteSize());
                weights.put(initializer.getName(), new View(buffer, 0, weight.dtype(), weight.shape()));
            }
        }
    }

    public GraphPlan plan(Map<String, Tensor> inputs) {
        return Planner.plan(model.proto().getGraph(), inputs, weights, new Planner.Needs() {
            @Override
            public long scratchBytes(Step step) {
                return step.op().ordinal() % 3 * 100L;
            }

            @Override
            public boolean fuses() {
                return options.fuses;
            }

            @Override
            public boolean narrows() {
                return options.narrows;
            }
        });
    }

    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        GraphPlan plan = plan(inputs);
        try (Arena memory = Arena.ofConfined()) {
            MemorySegment arena = memory.allocate(plan.arena().bytes(), 64);
            arena.fill((byte) 0x7F);
            Map<Buffer, MemorySegment> buffers = new IdentityHashMap<>();
            plan.arena()
                    .offsets()
                    .forEach((buffer, offset) -> buffers.put(buffer, arena.asSlice(offset, buffer.bytes())));
            plan.constants().forEach((buffer, tensor) -> buffers.put(buffer, tensor.data()));
            weights.forEach((name, view) -> buffers.put(
                    view.buffer(),
                    Objects.requireNonNull(model.weights().get(name), name).data()));
            plan.inputs().forEach((name, view) -> tensor(buffers, view)
                    .data()
                    .copyFrom(Objects.requireNonNull(inputs.get(name), name).data()));
            for (Step step : plan.steps()) {
                step.scratch().ifPresent(view -> tensor(buffers, view).data().fill((byte) 0x55));
                run(buffers, options.change.apply(step));
            }
            Map<String, Tensor> outputs = new HashMap<>();
            plan.outputs().forEach((name, operand) -> outputs.put(name, copy(tensor(buffers, operand))));
            return outputs;
        }
    }

    private void run(Map<Buffer, MemorySegment> buffers, Step step) {
        List<Optional<Tensor>> operands = new ArrayList<>();
        step.inputs().forEach(operand -> operands.add(operand.map(own -> widened(tensor(buffers, own)))));
        List<Tensor> results = HostOperators.apply(step.node(), operands);
        for (int i = 0; i < results.size(); i++) {
            Tensor result = results.get(i);
            Tensor out = tensor(buffers, step.outputs().get(i));
            if (out.dtype() == DType.BF16) {
                result = Conversions.fromF32(result, DType.BF16);
            } else if (options.rounded.test(step)) {
                result = Conversions.toF32(Conversions.fromF32(result, DType.BF16));
            }
            out.data().copyFrom(result.data());
        }
    }

    /// The reference operators take F32.
    private static Tensor widened(Tensor tensor) {
        return tensor.dtype() == DType.BF16 ? Tensor.of(tensor.shape(), Conversions.toFloatArray(tensor)) : tensor;
    }

    private static Tensor tensor(Map<Buffer, MemorySegment> buffers, Operand operand) {
        return switch (operand) {
            case Operand.Known(Tensor known) -> known;
            case Operand.Stored(View view) -> tensor(buffers, view);
        };
    }

    private static Tensor tensor(Map<Buffer, MemorySegment> buffers, View view) {
        MemorySegment whole = Objects.requireNonNull(buffers.get(view.buffer()), () -> view.buffer() + " has no place");
        return new Tensor(view.dtype(), view.shape(), whole.asSlice(view.offsetBytes(), view.bytes()));
    }

    private static Tensor copy(Tensor tensor) {
        Tensor copy = Tensor.zeros(tensor.dtype(), Shape.of(tensor.shape().toArray()));
        copy.data().copyFrom(tensor.data());
        return copy;
    }
}
