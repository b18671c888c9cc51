package dev.quantreel.engines.runtime.cuda.plan;

import static dev.quantreel.engines.runtime.cuda.plan.StepGraph.like;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// GELU, gate and residual in the epilogue of the low-bit product before them.
///
/// @param graph whose steps it joins
record ProductFusion(StepGraph graph) {

    private static final int GATE = 6;
    private static final int RESIDUAL = 7;

    void join(int index) {
        Step step = graph.at(index);
        switch (step.op()) {
            case Gelu -> activation(index, step);
            case Add -> {
                if (!residual(index, step, 0)) {
                    residual(index, step, 1);
                }
            }
            default -> {}
        }
    }

    /// A GELU that is quantized next is left to that pass, which has a faster one of the tanh form.
    private void activation(int index, Step gelu) {
        if (QuantizationFusion.takes(graph, gelu)) {
            return;
        }
        graph.sole(gelu.in(0), OnnxOp.LowBitMatMul).ifPresent(maker -> {
            Step product = graph.at(maker);
            if (isBare(product)) {
                NodeProto node = Nodes.with(
                        product.node(),
                        Nodes.text("activation", gelu.attributes().text("approximate", "none")));
                graph.replace(index, like(product, product.inputs(), gelu.out(), node), maker);
                graph.count(Joint.GELU_IN_PRODUCT);
            }
        });
    }

    private static boolean isBare(Step product) {
        return isFree(product) && product.attributes().text("activation", "").isEmpty();
    }

    private static boolean isFree(Step product) {
        return !product.has(GATE) && !product.has(RESIDUAL);
    }

    /// `residual + product`, `residual + product * gate`, or `residual + (product + product) * gate`.
    private boolean residual(int index, Step add, int changed) {
        Operand residual = add.in(1 - changed);
        boolean whole = isWhole(residual, add.out().shape())
                && isWhole(add.in(changed), add.out().shape());
        if (!whole || residual.dtype() != DType.F32) {
            return false;
        }
        Optional<Integer> direct = graph.sole(add.in(changed), OnnxOp.LowBitMatMul);
        if (direct.isPresent()) {
            return withResidual(index, add, direct.get(), Optional.empty(), residual);
        }
        Optional<Integer> gated = graph.sole(add.in(changed), OnnxOp.Mul);
        if (gated.isEmpty()) {
            return false;
        }
        Step mul = graph.at(gated.get());
        for (int side = 0; side < 2; side++) {
            Optional<Integer> product = graph.sole(mul.in(side), OnnxOp.LowBitMatMul);
            Operand gate = mul.in(1 - side);
            boolean fits = product.isPresent()
                    && isWhole(mul.in(side), add.out().shape())
                    && gate instanceof Operand.Stored
                    && Stretches.of(gate.shape(), mul.in(side).shape()).isPresent();
            if (fits) {
                int maker = product.orElseThrow();
                boolean joined = isFree(graph.at(maker))
                        ? withResidual(index, add, maker, Optional.of(gate), residual)
                        : bothGated(index, add, maker, new Gated(gated.get(), gate, residual));
                if (joined) {
                    graph.drop(gated.get());
                }
                return joined;
            }
        }
        return false;
    }

    private record Gated(int mul, Operand gate, Operand residual) {}

    private boolean withResidual(int index, Step add, int maker, Optional<Operand> gate, Operand residual) {
        Step product = graph.at(maker);
        if (!isFree(product)) {
            return false;
        }
        graph.replace(index, onto(product, gate, residual, add.out()), maker);
        graph.count(Joint.RESIDUAL_IN_PRODUCT);
        return true;
    }

    private static Step onto(Step product, Optional<Operand> gate, Operand residual, View out) {
        List<Optional<Operand>> inputs = new ArrayList<>(product.inputs());
        inputs.set(GATE, gate);
        inputs.set(RESIDUAL, Optional.of(residual));
        return like(product, inputs, out, product.node());
    }

    /// `x + (a + b) gate`, where `a + b` has become a product with `b` as its residual: `(x + b gate) + a gate`.
    private boolean bothGated(int index, Step add, int maker, Gated gated) {
        Step sum = graph.at(maker);
        if (sum.has(GATE) || !sum.attributes().text("activation", "").isEmpty()) {
            return false;
        }
        Optional<Integer> other =
                graph.sole(sum.in(RESIDUAL), OnnxOp.LowBitMatMul).filter(first -> isBare(graph.at(first)));
        if (other.isEmpty()) {
            return false;
        }
        Step first = graph.at(other.get());
        Optional<Operand> gate = Optional.of(gated.gate);
        graph.insert(index, onto(first, gate, gated.residual, first.out()));
        graph.replace(index, onto(sum, gate, new Operand.Stored(first.out()), add.out()), maker, other.get());
        graph.count(Joint.RESIDUAL_IN_PRODUCT);
        return true;
    }

    private static boolean isWhole(Operand operand, Shape shape) {
        return operand instanceof Operand.Stored && operand.shape().elements() == shape.elements();
    }
}
