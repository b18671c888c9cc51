package dev.quantreel.engines.runtime.cuda.plan;

import static dev.quantreel.engines.runtime.cuda.plan.StepGraph.like;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Norms of queries and keys and their rotary positions in one pass, [OnnxOp#NormRotary]. Where rows of several arrays
/// are joined in between (picture and text), each goes to its place instead.
///
/// @param graph whose steps it joins
record RotaryFusion(StepGraph graph) {

    /// Inputs of a RotaryEmbedding.
    private static final int POSITION = 1;

    private static final int COSINES = 2;
    private static final int SINES = 3;

    void join(int index) {
        Step step = graph.at(index);
        if (step.op() != OnnxOp.RotaryEmbedding || step.in(0).shape().rank() != 3) {
            return;
        }
        graph.sole(step.in(0), OnnxOp.NormModulate).ifPresent(norm -> {
            Heads heads = Heads.of(graph.at(norm), step);
            if (heads != null) {
                graph.replace(index, joined(step, graph.at(norm), heads, whole(step, heads)), norm);
                graph.count(Joint.NORM_WITH_ROTARY);
            }
        });
        graph.sole(step.in(0), OnnxOp.Concat).ifPresent(concat -> parts(index, step, graph.at(concat)));
    }

    /// How rows split into heads.
    ///
    /// @param count heads of a row
    /// @param perHead whether each is normalized by itself
    /// @param anglesPerHead whether each has positions of its own
    private record Heads(int count, boolean perHead, boolean anglesPerHead) {

        static @Nullable Heads of(Step norm, Step rotary) {
            if (norm.has(3) || norm.has(4)) {
                return null;
            }
            long normalized = norm.in(0).shape().dim(-1);
            long row = rotary.in(0).shape().dim(-1);
            long head = 2 * rotary.in(COSINES).shape().dim(1);
            if (row % head != 0) {
                return null;
            }
            if (normalized == row) {
                return new Heads((int) (row / head), false, false);
            }
            if (normalized == head) {
                return new Heads((int) (row / head), true, false);
            }
            boolean fromTheFirst =
                    rotary.in(POSITION).known("the first position").longs()[0] == 0;
            return row == head && normalized % head == 0 && fromTheFirst
                    ? new Heads((int) (normalized / head), false, true)
                    : null;
        }
    }

    /// Rows of a pass.
    ///
    /// @param out where they go, `[batch, tokens, heads of all]`
    /// @param firstPosition of the first of them
    private record Rows(View out, long firstPosition) {}

    private static Rows whole(Step step, Heads heads) {
        Shape shape = step.out().shape();
        long tokens = heads.anglesPerHead ? shape.dim(1) / heads.count : shape.dim(1);
        View out = step.out().reshaped(Shape.of(shape.dim(0), tokens, shape.elements() / shape.dim(0) / tokens));
        return new Rows(out, step.in(POSITION).known("the first position").longs()[0]);
    }

    private static Step joined(Step step, Step norm, Heads heads, Rows rows) {
        NodeProto node = Nodes.of(
                OnnxOp.NormRotary,
                step.node(),
                Nodes.integer("centred", norm.attributes().integer("centred", 0)),
                Nodes.real("epsilon", norm.attributes().real("epsilon", 1e-5f)),
                Nodes.integer("interleaved", step.attributes().integer("interleaved", 0)),
                Nodes.integer("num_heads", heads.count),
                Nodes.integer("per_head", heads.perHead ? 1 : 0),
                Nodes.integer("angles_per_head", heads.anglesPerHead ? 1 : 0));
        Operand first = new Operand.Known(Tensor.ofLongs(Shape.of(1), rows.firstPosition));
        Operand x = new Operand.Stored(norm.in(0).view().reshaped(rows.out.shape()));
        List<Optional<Operand>> inputs = List.of(
                Optional.of(x),
                norm.inputs().get(1),
                norm.inputs().get(2),
                Optional.of(first),
                Optional.of(step.in(COSINES)),
                Optional.of(step.in(SINES)));
        return like(step, inputs, rows.out, node);
    }

    private void parts(int index, Step step, Step concat) {
        Optional<List<RowParts.Part>> parts = RowParts.of(graph, concat, OnnxOp.NormModulate);
        if (parts.isEmpty() || step.out().dtype() != DType.F32) {
            return;
        }
        Rows all = whole(step, new Heads(1, false, false));
        for (RowParts.Part part : parts.get()) {
            Heads heads = Heads.of(graph.at(part.maker()), step);
            if (heads == null
                    || heads.anglesPerHead
                    || concat.out().shape().dim(-1) != step.in(0).shape().dim(-1)
                    || !RowParts.isAligned(all.out, part)) {
                return;
            }
        }
        for (RowParts.Part part : parts.get()) {
            Step norm = graph.at(part.maker());
            Heads heads = Objects.requireNonNull(Heads.of(norm, step));
            Rows rows = new Rows(
                    RowParts.slice(all.out, part.firstRow(), part.rows()), all.firstPosition + part.firstRow());
            Step own = joined(step, norm, heads, rows);
            graph.count(Joint.NORM_WITH_ROTARY);
            if (part == parts.get().getLast()) {
                graph.replace(index, own);
            } else {
                graph.insert(index, own);
            }
        }
    }
}
