package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// What the sessions of an engine share.
///
/// @param context of the device
/// @param compute where kernels run
/// @param copies where weights are copied beside them
/// @param staging copies inputs and outputs in the order of the kernels
/// @param kernels of the steps
/// @param budget of device memory
/// @param pieces weights of all sessions
/// @param residents results of all sessions that have left their arena
/// @param settings of the engine
/// @param turn held by whoever queues work, allocates or moves weights
record CudaDeviceState(
        CudaContext context,
        CudaStream compute,
        CudaStream copies,
        StagedCopies staging,
        StepKernels kernels,
        MemoryBudget budget,
        WeightPieces pieces,
        Residents residents,
        CudaSettings settings,
        ReentrantLock turn) {

    /// What to tell once the context is lost: nothing on this device works any more in this process.
    Optional<String> loss() {
        return context.lost().map(CudaDeviceState::lossOf);
    }

    /// @param first what the context was lost with
    static String lossOf(CudaException first) {
        return "the GPU's context is lost after " + first.getMessage()
                + "; restart Quantreel to use the GPU again (all else works on)";
    }

    /// Waits for whatever is queued after something went wrong, so that nobody meets copies that are still
    /// running; what fails meanwhile is told with the cause.
    void settle(Throwable cause) {
        for (CudaStream stream : List.of(copies, compute)) {
            try {
                stream.synchronize();
            } catch (CudaException e) {
                cause.addSuppressed(e);
            }
        }
    }
}
