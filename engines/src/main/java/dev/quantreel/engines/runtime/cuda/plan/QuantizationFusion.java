package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Norms and GELU as producers of the pass that rotates and quantizes. Where rows of several arrays are joined before
/// it, each is quantized to its place instead.
///
/// @param graph whose steps it joins
record QuantizationFusion(StepGraph graph) {

    /// Inputs of a RotateQuantize.
    static final int GAIN = 3;

    static final int SHIFT = 4;

    /// Attributes of a RotateQuantize: `norm` or `gelu`, what is added to the gain, and those of the norm.
    static final String PRODUCER = "producer";

    static final String GAIN_OFFSET = "gain_offset";

    /// Whether a GELU is done by the steps that quantize it.
    static boolean takes(StepGraph graph, Step gelu) {
        return gelu.attributes().text("approximate", "none").equals("tanh")
                && graph.feedsOnly(gelu.out(), OnnxOp.RotateQuantize);
    }

    void join(int index) {
        Step step = graph.at(index);
        if (step.op() != OnnxOp.RotateQuantize
                || !step.attributes().text(PRODUCER, "").isEmpty()) {
            return;
        }
        Operand x = step.in(0);
        graph.maker(x, OnnxOp.Gelu)
                .filter(gelu -> takes(graph, graph.at(gelu)))
                .ifPresent(gelu -> gelu(index, step, graph.at(gelu)));
        graph.maker(x, OnnxOp.NormModulate)
                .filter(norm -> graph.feedsOnly(graph.at(norm).out(), OnnxOp.RotateQuantize)
                        && width(graph.at(norm)) == width(step))
                .ifPresent(norm -> {
                    graph.replace(index, normed(index, step, graph.at(norm), whole(step)));
                    graph.count(Joint.NORM_IN_QUANTIZATION);
                });
        graph.maker(x, OnnxOp.Concat)
                .filter(joined -> graph.feedsOnly(graph.at(joined).out(), OnnxOp.RotateQuantize))
                .ifPresent(joined -> joined(index, step, graph.at(joined)));
    }

    private void gelu(int index, Step step, Step gelu) {
        List<Optional<Operand>> inputs = new ArrayList<>(step.inputs());
        inputs.set(0, Optional.of(reshaped(gelu.in(0), step.in(0).shape())));
        graph.replace(
                index,
                new Step(
                        step.op(),
                        Nodes.with(step.node(), Nodes.text(PRODUCER, "gelu")),
                        inputs,
                        step.outputs(),
                        Optional.empty(),
                        step.block()));
        graph.count(Joint.GELU_IN_QUANTIZATION);
    }

    /// Values of a row: a norm over heads is none over the channels of all of them.
    private static long width(Step step) {
        return step.in(0).shape().dim(-1);
    }

    private static Operand reshaped(Operand operand, Shape shape) {
        return new Operand.Stored(operand.view().reshaped(shape));
    }

    /// Rows of the quantization that a norm makes.
    ///
    /// @param shape of its part of what is quantized
    /// @param outputs where they go
    private record Rows(Shape shape, List<View> outputs) {}

    private static Rows whole(Step step) {
        return new Rows(step.in(0).shape(), step.outputs());
    }

    private Step normed(int index, Step step, Step norm, Rows rows) {
        Vectors vectors = vectors(index, norm);
        List<Optional<Operand>> inputs = new ArrayList<>(step.inputs().subList(0, GAIN));
        inputs.set(0, Optional.of(reshaped(norm.in(0), rows.shape)));
        inputs.add(vectors.gain);
        inputs.add(vectors.shift);
        NodeProto node = Nodes.with(
                step.node(),
                Nodes.text(PRODUCER, "norm"),
                Nodes.integer("centred", norm.attributes().integer("centred", 0)),
                Nodes.real("epsilon", norm.attributes().real("epsilon", 1e-5f)),
                Nodes.real(GAIN_OFFSET, vectors.offset));
        return new Step(step.op(), node, inputs, rows.outputs, Optional.empty(), step.block());
    }

    /// What a normalized row is multiplied by, less `offset`, and what is added to it.
    private record Vectors(Optional<Operand> gain, Optional<Operand> shift, float offset) {}

    /// Weight, bias, scale and shift of a norm as one gain and one shift.
    private Vectors vectors(int index, Step norm) {
        Optional<Operand> weight = norm.inputs().get(1).filter(known -> !graph.isOnes(known));
        Optional<Operand> bias = norm.inputs().get(2);
        if (!norm.has(3)) {
            return new Vectors(weight, bias, 0);
        }
        Operand scale = norm.in(3);
        Operand shift = norm.in(4);
        if (weight.isEmpty() && bias.isEmpty()) {
            return new Vectors(Optional.of(scale), Optional.of(shift), 1);
        }
        Optional<Operand> gain = Optional.of(scale);
        if (weight.isPresent()) {
            // w (1 + s) = w + w s
            Operand product = apply(index, norm, OnnxOp.Mul, scale, weight.get());
            gain = Optional.of(apply(index, norm, OnnxOp.Add, product, weight.get()));
        }
        Operand added = shift;
        if (bias.isPresent()) {
            Operand product = apply(index, norm, OnnxOp.Mul, scale, bias.get());
            Operand scaled = apply(index, norm, OnnxOp.Add, product, bias.get());
            added = apply(index, norm, OnnxOp.Add, scaled, shift);
        }
        return new Vectors(gain, Optional.of(added), weight.isPresent() ? 0 : 1);
    }

    /// A small step of its own before another.
    private Operand apply(int index, Step norm, OnnxOp op, Operand a, Operand b) {
        NodeProto node = Nodes.of(op, norm.node());
        View out = graph.array(norm.node().getName() + " (vectors)", a.shape());
        graph.insert(
                index,
                new Step(
                        op,
                        node,
                        List.of(Optional.of(a), Optional.of(b)),
                        List.of(out),
                        Optional.empty(),
                        norm.block()));
        return new Operand.Stored(out);
    }

    /// Norms of several arrays whose rows are joined: codes, scale and sum are by rows, so that each is
    /// quantized to its part of them.
    private void joined(int index, Step step, Step concat) {
        Optional<List<RowParts.Part>> parts = RowParts.of(graph, concat, OnnxOp.NormModulate);
        if (parts.isEmpty() || parts.get().stream().anyMatch(part -> width(graph.at(part.maker())) != width(step))) {
            return;
        }
        for (RowParts.Part part : parts.get()) {
            List<View> outputs = step.outputs().stream()
                    .map(view -> RowParts.slice(view, part.firstRow(), part.rows()))
                    .toList();
            Step norm = graph.at(part.maker());
            Shape shape = ShapeRules.with(step.in(0).shape(), -2, part.rows());
            Step own = normed(index, step, norm, new Rows(shape, outputs));
            graph.count(Joint.NORM_IN_QUANTIZATION);
            if (part == parts.get().getLast()) {
                graph.replace(index, own);
            } else {
                graph.insert(index, own);
            }
        }
    }
}
