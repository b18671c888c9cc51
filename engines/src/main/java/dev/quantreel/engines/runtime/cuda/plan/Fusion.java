package dev.quantreel.engines.runtime.cuda.plan;

import java.util.function.IntConsumer;

/// Joins steps that one kernel does in one pass. What goes from one to the other is read by nothing else, or by nothing
/// that does not do the same. A joined step takes the place of its last part, where all that it reads is there.
final class Fusion {

    private Fusion() {}

    /// @param narrows whether arrays between kernels become BF16 where both take it
    static void of(StepGraph graph, boolean narrows) {
        pass(graph, new ProductSplit(graph)::join);
        NormFusion norms = new NormFusion(graph);
        ProductFusion products = new ProductFusion(graph);
        pass(graph, index -> {
            products.join(index);
            norms.join(index);
        });
        pass(graph, new QuantizationFusion(graph)::join);
        pass(graph, new RotaryFusion(graph)::join);
        pass(graph, new RowsInPlace(graph)::join);
        if (narrows) {
            Narrowing.of(graph);
        }
    }

    private static void pass(StepGraph graph, IntConsumer join) {
        for (int i = 0; i < graph.size(); i++) {
            join.accept(i);
        }
        graph.settle();
    }
}
