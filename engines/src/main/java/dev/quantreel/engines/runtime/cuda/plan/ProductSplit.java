package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A low-bit product of joined rows (picture and text) of which sums and products with gates take a range
/// each becomes a product for each range, so that [ProductFusion] can join them.
///
/// @param graph whose steps it splits
record ProductSplit(StepGraph graph) {

    private static final int GATE = 6;
    private static final int RESIDUAL = 7;

    /// A range of rows that one step reads.
    ///
    /// @param reader index of the step
    /// @param input which of its inputs it is
    private record Range(int reader, int input, View view, long firstRow, long rows) {}

    void join(int index) {
        Step product = graph.at(index);
        if (product.op() == OnnxOp.LowBitMatMul && !product.has(GATE) && !product.has(RESIDUAL)) {
            ranges(product.out()).ifPresent(ranges -> split(index, product, ranges));
        }
    }

    private void split(int index, Step product, List<Range> ranges) {
        for (Range range : ranges) {
            List<Optional<Operand>> inputs = new ArrayList<>(product.inputs());
            for (int i = 0; i < 3; i++) {
                View slice = RowParts.slice(product.view(i), range.firstRow, range.rows);
                inputs.set(i, Optional.of(new Operand.Stored(slice)));
            }
            View out = graph.array(product.out().buffer().name(), range.view.shape());
            Step own = StepGraph.like(product, inputs, out, product.node());
            if (range == ranges.getLast()) {
                graph.replace(index, own);
            } else {
                graph.insert(index, own);
            }
            Step reader = graph.at(range.reader);
            List<Optional<Operand>> read = new ArrayList<>(reader.inputs());
            read.set(range.input, Optional.of(new Operand.Stored(out)));
            graph.replace(range.reader, StepGraph.like(reader, read, reader.out(), reader.node()));
        }
    }

    /// The ranges that the array is read in, in their order, where they are several, cover it and do not overlap.
    private Optional<List<Range>> ranges(View out) {
        Shape shape = out.shape();
        if (shape.rank() < 2 || out.extent(0, shape.rank() - 2) != 1) {
            return Optional.empty();
        }
        List<Range> ranges = new ArrayList<>();
        for (int reader : graph.readers(out)) {
            Optional<Range> range = range(out, reader);
            if (range.isEmpty()) {
                return Optional.empty();
            }
            ranges.add(range.get());
        }
        ranges.sort(Comparator.comparingLong(Range::firstRow));
        long row = 0;
        for (Range range : ranges) {
            if (range.firstRow != row) {
                return Optional.empty();
            }
            row += range.rows;
        }
        return ranges.size() > 1 && row == shape.dim(-2) ? Optional.of(ranges) : Optional.empty();
    }

    private Optional<Range> range(View out, int reader) {
        boolean takesPart = reader >= 0
                && (graph.at(reader).op() == OnnxOp.Mul || graph.at(reader).op() == OnnxOp.Add);
        if (!takesPart) {
            return Optional.empty();
        }
        long rowBytes = out.dtype().byteSize(out.shape().dim(-1));
        for (int i = 0; i < graph.at(reader).inputs().size(); i++) {
            if (graph.at(reader).in(i) instanceof Operand.Stored(View view)
                    && view.buffer() == out.buffer()
                    && view.shape().dim(-1) == out.shape().dim(-1)
                    && view.offsetBytes() % rowBytes == 0) {
                return Optional.of(new Range(reader, i, view, view.offsetBytes() / rowBytes, view.bytes() / rowBytes));
            }
        }
        return Optional.empty();
    }
}
