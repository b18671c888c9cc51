package dev.quantreel.engines.quant;

import dev.quantreel.engines.quant.ActivationStatistics.LayerStatistics;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes the [ErrorFeedback] of one layer after the other; layers in a row that read the same input share it. Not
/// thread-safe.
final class FeedbackSource {

    private final ActivationStatistics statistics;
    private final QuantizationPlan plan;
    private final ParallelPieces pieces;
    private @Nullable LayerStatistics known;
    private Optional<ErrorFeedback> feedback = Optional.empty();

    FeedbackSource(ActivationStatistics statistics, QuantizationPlan plan, RowTasks tasks) {
        this.statistics = statistics;
        this.plan = plan;
        this.pieces = new ParallelPieces(tasks.threads(), tasks.cancellation());
    }

    /// Empty when the plan's quantizer needs none.
    ///
    /// @throws IllegalArgumentException when it needs statistics and there are none
    Optional<ErrorFeedback> of(String layer, int columns, Optional<float[]> smoothing) {
        if (!(plan.weights() instanceof WeightQuantizer.Gptq(WeightQuantizer _, double damping))) {
            return Optional.empty();
        }
        LayerStatistics own = statistics
                .of(layer)
                .orElseThrow(() -> new IllegalArgumentException("GPTQ weighs errors with statistics of activations, and"
                        + " there are none of layer " + layer + "; let the model make them (Self Calibration), or use a"
                        + " quantizer without data such as BGR"));
        if (own != known || feedback.isEmpty()) {
            feedback = Optional.empty(); // the old one may go before the new one comes
            feedback = Optional.of(ErrorFeedback.of(
                    () -> InputStatistics.turn(
                            own.gram(), smoothing, plan.rotation().at(columns), pieces),
                    damping,
                    pieces));
            known = own;
        }
        return feedback;
    }
}
