package dev.quantreel.engines.runtime.cuda.plan;

import com.google.protobuf.ByteString;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Joins steps that one kernel does in one pass: GELU, gate and residual with the low-bit product before them;
/// the parts of a layer norm, and scale and shift behind a norm, as [OnnxOp#NormModulate]. What goes from one
/// to the other is read by nothing else. A joined step takes the place of its last part, where all that it
/// reads is there.
final class Fusion {

    private static final int GATE = 6;
    private static final int RESIDUAL = 7;

    private final List<Step> steps;
    private final Map<Buffer, Tensor> constants;
    private final Map<Buffer, Integer> makers = new IdentityHashMap<>();
    private final Map<Buffer, Integer> readers = new IdentityHashMap<>();

    private Fusion(List<Step> steps, Map<Buffer, Tensor> constants) {
        this.steps = new ArrayList<>(steps);
        this.constants = constants;
    }

    /// @param kept values that leave the graph
    static List<Step> of(List<Step> steps, Collection<Operand> kept, Map<Buffer, Tensor> constants) {
        Fusion fusion = new Fusion(steps, constants);
        kept.forEach(fusion::reads);
        for (int i = 0; i < steps.size(); i++) {
            int index = i;
            steps.get(i).outputs().forEach(view -> fusion.makers.put(view.buffer(), index));
            steps.get(i).inputs().stream().flatMap(Optional::stream).forEach(fusion::reads);
        }
        for (int i = 0; i < fusion.steps.size(); i++) {
            fusion.join(i);
        }
        return fusion.read(kept);
    }

    /// What is left, without what nothing reads any more.
    private List<Step> read(Collection<Operand> kept) {
        readers.clear();
        kept.forEach(this::reads);
        List<Step> left = new ArrayList<>();
        for (Step step : steps.reversed()) {
            if (step.outputs().stream().anyMatch(view -> readers.containsKey(view.buffer()))) {
                step.inputs().stream().flatMap(Optional::stream).forEach(this::reads);
                left.addFirst(step);
            }
        }
        return left;
    }

    private void reads(Operand operand) {
        if (operand instanceof Operand.Stored(View view)) {
            readers.merge(view.buffer(), 1, Integer::sum);
        }
    }

    private void join(int index) {
        Step step = steps.get(index);
        switch (step.op()) {
            case Gelu -> activation(index, step);
            case SimplifiedLayerNormalization -> centred(index, step);
            case Add -> {
                if (!residual(index, step, 0) && !residual(index, step, 1) && !modulated(index, step, 0)) {
                    modulated(index, step, 1);
                }
            }
            default -> {}
        }
    }

    /// The step that makes an operand for this reader alone, as a whole.
    private Optional<Integer> sole(Operand operand, OnnxOp op) {
        if (!(operand instanceof Operand.Stored(View view))) {
            return Optional.empty();
        }
        Integer maker = makers.get(view.buffer());
        if (maker == null) {
            return Optional.empty();
        }
        boolean alone = readers.getOrDefault(view.buffer(), 0) == 1
                && view.offsetBytes() == 0
                && view.bytes() == view.buffer().bytes()
                && steps.get(maker).op() == op
                && steps.get(maker).outputs().size() == 1;
        return alone ? Optional.of(maker) : Optional.empty();
    }

    /// Replaces the step at `index` by another and removes those that went into it.
    private void replace(int index, Step joined, int... gone) {
        steps.set(index, joined);
        drop(gone);
    }

    private void drop(int... gone) {
        for (int other : gone) {
            Step old = steps.get(other);
            steps.set(other, new Step(old.op(), old.node(), List.of(), List.of(), Optional.empty(), old.block()));
        }
    }

    private static Step like(Step step, List<Optional<Operand>> inputs, View output, NodeProto node) {
        return new Step(
                OnnxOp.valueOf(node.getOpType()), node, inputs, List.of(output), Optional.empty(), step.block());
    }

    private void activation(int index, Step gelu) {
        sole(gelu.in(0), OnnxOp.LowBitMatMul).ifPresent(maker -> {
            Step product = steps.get(maker);
            if (isBare(product)) {
                NodeProto node = with(
                        product.node(), text("activation", gelu.attributes().text("approximate", "none")));
                replace(index, like(product, product.inputs(), gelu.out(), node), maker);
            }
        });
    }

    private static boolean isBare(Step product) {
        return !product.has(GATE)
                && !product.has(RESIDUAL)
                && product.attributes().text("activation", "").isEmpty();
    }

    /// `residual + product`, or `residual + product * gate`.
    private boolean residual(int index, Step add, int changed) {
        Operand residual = add.in(1 - changed);
        boolean whole = isWhole(residual, add.out().shape())
                && isWhole(add.in(changed), add.out().shape());
        if (!whole || residual.dtype() != DType.F32) {
            return false;
        }
        Optional<Integer> direct = sole(add.in(changed), OnnxOp.LowBitMatMul);
        if (direct.isPresent()) {
            return withResidual(index, add, direct.get(), Optional.empty(), residual);
        }
        Optional<Integer> gated = sole(add.in(changed), OnnxOp.Mul);
        if (gated.isEmpty()) {
            return false;
        }
        Step mul = steps.get(gated.get());
        for (int side = 0; side < 2; side++) {
            Optional<Integer> product = sole(mul.in(side), OnnxOp.LowBitMatMul);
            Operand gate = mul.in(1 - side);
            boolean fits = product.isPresent()
                    && isWhole(mul.in(side), add.out().shape())
                    && gate instanceof Operand.Stored
                    && stretches(gate.shape(), mul.in(side).shape()).isPresent();
            if (fits) {
                boolean joined = withResidual(index, add, product.orElseThrow(), Optional.of(gate), residual);
                if (joined) {
                    drop(gated.get());
                }
                return joined;
            }
        }
        return false;
    }

    private boolean withResidual(int index, Step add, int maker, Optional<Operand> gate, Operand residual) {
        Step product = steps.get(maker);
        if (product.has(GATE) || product.has(RESIDUAL)) {
            return false;
        }
        List<Optional<Operand>> inputs = new ArrayList<>(product.inputs());
        inputs.set(GATE, gate);
        inputs.set(RESIDUAL, Optional.of(residual));
        replace(index, like(product, inputs, add.out(), product.node()), maker);
        return true;
    }

    private static boolean isWhole(Operand operand, Shape shape) {
        return operand instanceof Operand.Stored && operand.shape().elements() == shape.elements();
    }

    /// How many stretches of equally many rows have vectors of their own, where that is how vectors broadcast
    /// to rows.
    private static Optional<Long> stretches(Shape vectors, Shape rows) {
        if (vectors.rank() == 0 || rows.rank() < vectors.rank() || vectors.dim(-1) != rows.dim(-1)) {
            return Optional.empty();
        }
        int missing = rows.rank() - vectors.rank();
        long stretches = 1;
        boolean shared = false;
        for (int axis = 0; axis < rows.rank() - 1; axis++) {
            long own = axis < missing ? 1 : vectors.dim(axis - missing);
            if (rows.dim(axis) == 1) {
                continue;
            }
            if (own != 1 && shared) {
                return Optional.empty();
            }
            shared |= own == 1;
            stretches *= own;
        }
        return Optional.of(stretches);
    }

    /// RMSNorm of what lost its mean is LayerNorm.
    private void centred(int index, Step norm) {
        int rank = norm.in(0).shape().rank();
        int axis = norm.attributes().integer("axis", -1);
        if (axis != -1 && axis != rank - 1) {
            return;
        }
        Optional<Integer> sub = sole(norm.in(0), OnnxOp.Sub);
        Optional<Integer> mean = sub.flatMap(
                        lessMean -> sole(steps.get(lessMean).in(1), OnnxOp.ReduceMean))
                .filter(made ->
                        isMeanOf(steps.get(made), steps.get(sub.orElseThrow()).in(0)));
        Operand x = mean.isPresent() ? steps.get(sub.orElseThrow()).in(0) : norm.in(0);
        mean.ifPresent(made -> drop(sub.orElseThrow(), made));
        NodeProto node = NodeProto.newBuilder()
                .setName(norm.node().getName())
                .setOpType(OnnxOp.NormModulate.name())
                .setDomain(OnnxOp.QUANTREEL)
                .addOutput(norm.node().getOutput(0))
                .addAttribute(integer("centred", mean.isPresent() ? 1 : 0))
                .addAttribute(real("epsilon", norm.attributes().real("epsilon", 1e-5f)))
                .build();
        List<Optional<Operand>> inputs = new ArrayList<>(
                List.of(Optional.of(x), Optional.of(norm.in(1)), Optional.empty(), Optional.empty(), Optional.empty()));
        replace(index, like(norm, inputs, norm.out(), node));
    }

    private static boolean isMeanOf(Step mean, Operand x) {
        boolean[] reduced = mean.reducedAxes();
        for (int axis = 0; axis < reduced.length; axis++) {
            if (reduced[axis] != (axis == reduced.length - 1)) {
                return false;
            }
        }
        return mean.in(0) instanceof Operand.Stored(View own)
                && x instanceof Operand.Stored(View other)
                && own.equals(other);
    }

    /// `norm * (1 + scale) + shift`, or `norm + shift` with a vector.
    private boolean modulated(int index, Step add, int changed) {
        Operand shift = add.in(1 - changed);
        Optional<Integer> mul = sole(add.in(changed), OnnxOp.Mul);
        if (mul.isEmpty()) {
            return biased(index, add, changed, shift);
        }
        Step product = steps.get(mul.get());
        for (int side = 0; side < 2; side++) {
            Optional<Integer> norm = sole(product.in(side), OnnxOp.NormModulate);
            Optional<Operand> scale = lessOne(product.in(1 - side));
            Shape rows = product.in(side).shape();
            if (norm.isPresent() && scale.isPresent() && isPlain(steps.get(norm.get()))) {
                Optional<Long> vectors = stretches(scale.get().shape(), rows);
                if (vectors.isPresent() && vectors.equals(stretches(shift.shape(), rows))) {
                    Step plain = steps.get(norm.get());
                    List<Optional<Operand>> inputs = new ArrayList<>(plain.inputs());
                    inputs.set(3, scale);
                    inputs.set(4, Optional.of(shift));
                    replace(index, like(plain, inputs, add.out(), plain.node()), norm.get(), mul.get());
                    return true;
                }
            }
        }
        return false;
    }

    private boolean biased(int index, Step add, int changed, Operand shift) {
        Optional<Integer> norm = sole(add.in(changed), OnnxOp.NormModulate);
        boolean fits = norm.isPresent()
                && isPlain(steps.get(norm.get()))
                && shift instanceof Operand.Stored
                && shift.shape().elements() == add.out().shape().dim(-1)
                && shift.dtype() == DType.F32;
        if (fits) {
            Step plain = steps.get(norm.orElseThrow());
            List<Optional<Operand>> inputs = new ArrayList<>(plain.inputs());
            inputs.set(2, Optional.of(shift));
            replace(index, like(plain, inputs, add.out(), plain.node()), norm.orElseThrow());
        }
        return fits;
    }

    private static boolean isPlain(Step norm) {
        return !norm.has(2) && !norm.has(3) && !norm.has(4);
    }

    /// What a factor is one more than.
    private Optional<Operand> lessOne(Operand factor) {
        if (!(factor instanceof Operand.Stored(View view))) {
            return Optional.empty();
        }
        Integer made = makers.get(view.buffer());
        if (made == null) {
            return Optional.empty();
        }
        Step maker = steps.get(made);
        if (maker.op() != OnnxOp.Add
                || view.offsetBytes() != 0
                || view.bytes() != view.buffer().bytes()) {
            return Optional.empty();
        }
        for (int side = 0; side < 2; side++) {
            if (isOne(maker.in(side)) && maker.in(1 - side) instanceof Operand.Stored(View scale)) {
                return Optional.of(new Operand.Stored(scale.reshaped(view.shape())));
            }
        }
        return Optional.empty();
    }

    private boolean isOne(Operand operand) {
        if (operand instanceof Operand.Stored(View view) && view.shape().elements() == 1) {
            Tensor constant = constants.get(view.buffer());
            return constant != null
                    && constant.dtype() == DType.F32
                    && constant.data().get(Tensor.FLOAT, 0) == 1;
        }
        return false;
    }

    private static NodeProto with(NodeProto node, AttributeProto attribute) {
        return node.toBuilder().addAttribute(attribute).build();
    }

    private static AttributeProto text(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }
}
