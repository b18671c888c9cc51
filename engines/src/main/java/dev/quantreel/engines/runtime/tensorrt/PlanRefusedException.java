package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.EngineException;
import java.util.regex.Pattern;

/// TensorRT says of a plan that it is damaged, or made by another version or for another chip.
final class PlanRefusedException extends EngineException {

    private static final long serialVersionUID = 1L;

    /// What has nothing to do with the plan.
    private static final Pattern ELSEWHERE =
            Pattern.compile("out of memory|outofmemory|allocat|cudaError|illegal|lost", Pattern.CASE_INSENSITIVE);

    private PlanRefusedException(String message, TensorRtException cause) {
        super(TensorRtEngineProvider.ID, message, cause);
    }

    /// What became of opening a plan.
    ///
    /// @param graph name of its graph
    static EngineException of(String graph, TensorRtException e) {
        String message = graph + ": " + e.getMessage();
        return ELSEWHERE.matcher(message).find()
                ? new EngineException(TensorRtEngineProvider.ID, message, e)
                : new PlanRefusedException(message, e);
    }
}
