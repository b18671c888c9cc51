package dev.quantreel.engines.runtime.cuda.plan;

import static dev.quantreel.engines.runtime.cuda.plan.StepGraph.like;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The parts of a layer norm, and scale and shift behind a norm, as [OnnxOp#NormModulate].
///
/// @param graph whose steps it joins
record NormFusion(StepGraph graph) {

    void join(int index) {
        Step step = graph.at(index);
        switch (step.op()) {
            case SimplifiedLayerNormalization -> centred(index, step);
            case Add -> {
                if (!modulated(index, step, 0)) {
                    modulated(index, step, 1);
                }
            }
            default -> {}
        }
    }

    /// RMSNorm of what lost its mean is LayerNorm.
    private void centred(int index, Step norm) {
        int rank = norm.in(0).shape().rank();
        int axis = norm.attributes().integer("axis", -1);
        if (axis != -1 && axis != rank - 1) {
            return;
        }
        Optional<Integer> sub = graph.sole(norm.in(0), OnnxOp.Sub);
        Optional<Integer> mean = sub.flatMap(
                        lessMean -> graph.sole(graph.at(lessMean).in(1), OnnxOp.ReduceMean))
                .filter(made ->
                        isMeanOf(graph.at(made), graph.at(sub.orElseThrow()).in(0)));
        Operand x = mean.isPresent() ? graph.at(sub.orElseThrow()).in(0) : norm.in(0);
        mean.ifPresent(made -> graph.drop(sub.orElseThrow(), made));
        NodeProto node = Nodes.of(
                OnnxOp.NormModulate,
                norm.node(),
                Nodes.integer("centred", mean.isPresent() ? 1 : 0),
                Nodes.real("epsilon", norm.attributes().real("epsilon", 1e-5f)));
        List<Optional<Operand>> inputs =
                List.of(Optional.of(x), Optional.of(norm.in(1)), Optional.empty(), Optional.empty(), Optional.empty());
        graph.replace(index, like(norm, inputs, norm.out(), node));
    }

    private static boolean isMeanOf(Step mean, Operand x) {
        boolean[] reduced = mean.reducedAxes();
        for (int axis = 0; axis < reduced.length; axis++) {
            if (reduced[axis] != (axis == reduced.length - 1)) {
                return false;
            }
        }
        return mean.out().shape().rank() == mean.in(0).shape().rank()
                && mean.in(0) instanceof Operand.Stored(View own)
                && x instanceof Operand.Stored(View other)
                && own.equals(other);
    }

    /// `norm * (1 + scale) + shift`, or `norm + shift` with a vector.
    private boolean modulated(int index, Step add, int changed) {
        Operand shift = add.in(1 - changed);
        Optional<Integer> mul = graph.sole(add.in(changed), OnnxOp.Mul);
        if (mul.isEmpty()) {
            return biased(index, add, changed, shift);
        }
        Step product = graph.at(mul.get());
        for (int side = 0; side < 2; side++) {
            Optional<Integer> norm = graph.sole(product.in(side), OnnxOp.NormModulate)
                    .filter(made -> !isModulated(graph.at(made)) && isOfRows(graph.at(made), add));
            Optional<Operand> scale = lessOne(product.in(1 - side));
            if (norm.isPresent() && scale.isPresent()) {
                var rows = product.in(side).shape();
                Optional<Long> vectors = Stretches.of(scale.get().shape(), rows);
                if (vectors.isPresent() && vectors.equals(Stretches.of(shift.shape(), rows))) {
                    Step plain = graph.at(norm.get());
                    List<Optional<Operand>> inputs = new ArrayList<>(plain.inputs());
                    inputs.set(3, scale);
                    inputs.set(4, Optional.of(shift));
                    graph.replace(index, like(plain, inputs, add.out(), plain.node()), norm.get(), mul.get());
                    graph.count(Joint.MODULATION_IN_NORM);
                    return true;
                }
            }
        }
        return false;
    }

    private boolean biased(int index, Step add, int changed, Operand shift) {
        Optional<Integer> norm = graph.sole(add.in(changed), OnnxOp.NormModulate);
        boolean fits = norm.isPresent()
                && !graph.at(norm.get()).has(2)
                && !isModulated(graph.at(norm.get()))
                && isOfRows(graph.at(norm.get()), add)
                && shift instanceof Operand.Stored
                && shift.shape().rank() > 0
                && shift.shape().elements() == add.out().shape().dim(-1)
                && shift.shape().dim(-1) == add.out().shape().dim(-1)
                && shift.dtype() == DType.F32;
        if (fits) {
            Step plain = graph.at(norm.orElseThrow());
            List<Optional<Operand>> inputs = new ArrayList<>(plain.inputs());
            inputs.set(2, Optional.of(shift));
            graph.replace(index, like(plain, inputs, add.out(), plain.node()), norm.orElseThrow());
        }
        return fits;
    }

    /// Whether rows of the sum are the rows that were normalized.
    private static boolean isOfRows(Step norm, Step add) {
        return norm.in(0).shape().dim(-1) == add.out().shape().dim(-1);
    }

    private static boolean isModulated(Step norm) {
        return norm.has(3) || norm.has(4);
    }

    /// What a factor is one more than.
    private Optional<Operand> lessOne(Operand factor) {
        return graph.maker(factor, OnnxOp.Add)
                .flatMap(made -> lessOne(graph, graph.at(made)))
                .map(scale -> new Operand.Stored(scale.reshaped(factor.shape())));
    }

    /// The other term of a sum with 1.
    static Optional<View> lessOne(StepGraph graph, Step sum) {
        for (int side = 0; side < 2; side++) {
            boolean isOne = sum.in(side).shape().elements() == 1 && graph.isOnes(sum.in(side));
            if (isOne && sum.in(1 - side) instanceof Operand.Stored(View scale)) {
                return Optional.of(scale);
            }
        }
        return Optional.empty();
    }
}
