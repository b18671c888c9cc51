package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import java.util.concurrent.locks.ReentrantLock;

/// What the sessions of an engine share.
///
/// @param context of the device
/// @param compute where kernels run
/// @param copies where weights are copied beside them
/// @param kernels of the steps
/// @param budget of device memory
/// @param settings of the engine
/// @param turn held by whoever queues work
record CudaDeviceState(
        CudaContext context,
        CudaStream compute,
        CudaStream copies,
        StepKernels kernels,
        MemoryBudget budget,
        CudaSettings settings,
        ReentrantLock turn) {}
