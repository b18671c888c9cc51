package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Arrays that are joined row by row: what is done to each row can be done to each array.
final class RowParts {

    private RowParts() {}

    /// One of the arrays.
    ///
    /// @param maker step that makes it, for the joined array alone
    /// @param firstRow its place
    /// @param rows how many it has
    record Part(int maker, long firstRow, long rows) {}

    /// The parts of a Concat along the second axis from the end, where the ones before have extent 1; empty
    /// where one is not made by `op` for this alone.
    static Optional<List<Part>> of(StepGraph graph, Step concat, OnnxOp op) {
        Shape whole = concat.out().shape();
        int axis = ShapeRules.axis(whole, concat.attributes().integer("axis", 0));
        if (axis != whole.rank() - 2 || concat.out().extent(0, axis) != 1) {
            return Optional.empty();
        }
        List<Part> parts = new ArrayList<>();
        long row = 0;
        for (Optional<Operand> input : concat.inputs()) {
            Optional<Integer> maker = input.flatMap(operand -> graph.sole(operand, op));
            if (maker.isEmpty()) {
                return Optional.empty();
            }
            long rows = input.orElseThrow().shape().dim(axis);
            parts.add(new Part(maker.get(), row, rows));
            row += rows;
        }
        return Optional.of(parts);
    }

    /// Whether kernels can write a part in its place.
    static boolean isAligned(View view, Part part) {
        return view.dtype().byteSize(part.firstRow * view.shape().dim(-1)) % View.ALIGNMENT == 0;
    }

    /// Rows of an array `[..., rows, width]` whose axes before have extent 1.
    static View slice(View view, long firstRow, long rows) {
        long width = view.shape().dim(-1);
        return view.part(view.dtype().byteSize(firstRow * width), ShapeRules.with(view.shape(), -2, rows));
    }
}
