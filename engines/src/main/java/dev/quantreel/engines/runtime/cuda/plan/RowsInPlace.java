package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Arrays that are joined one behind the other and that nobody else reads: who makes them writes them there.
///
/// @param graph whose steps it joins
record RowsInPlace(StepGraph graph) {

    void join(int index) {
        Step step = graph.at(index);
        if (step.op() != OnnxOp.Concat) {
            return;
        }
        int axis = ShapeRules.axis(step.out().shape(), step.attributes().integer("axis", 0));
        if (step.out().extent(0, axis) != 1) {
            return;
        }
        List<Integer> makers = new ArrayList<>();
        long bytes = 0;
        for (Optional<Operand> input : step.inputs()) {
            Optional<Integer> maker = input.flatMap(graph::maker)
                    .filter(made -> graph.at(made).outputs().size() == 1
                            && graph.readers(graph.at(made).out()).size() == 1);
            if (maker.isEmpty() || bytes % View.ALIGNMENT != 0 || makers.contains(maker.get())) {
                return;
            }
            makers.add(maker.get());
            bytes += graph.at(maker.get()).out().bytes();
        }
        long at = 0;
        for (int maker : makers) {
            Step made = graph.at(maker);
            View place = step.out().part(at, made.out().shape());
            at += place.bytes();
            graph.replace(maker, StepGraph.like(made, made.inputs(), place, made.node()));
            graph.count(Joint.ROWS_IN_PLACE);
        }
        graph.drop(index);
    }
}
