package dev.quantreel.engines.runtime.tensorrt;

import org.jspecify.annotations.Nullable;

/// Gives things back though some of them refuse, as everything on a GPU does behind the first error of a kernel.
final class Closing {

    private Closing() {}

    /// Takes all steps in order. The first that throws is told when all were taken, the others as suppressed ones.
    static void inOrder(Runnable... steps) {
        RuntimeException first = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException e) {
                first = joined(first, e);
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private static RuntimeException joined(@Nullable RuntimeException first, RuntimeException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
