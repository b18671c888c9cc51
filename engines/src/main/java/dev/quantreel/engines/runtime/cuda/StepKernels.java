package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.plan.Planner;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;

/// Carries out steps of a plan on the device.
interface StepKernels extends Planner.Needs, AutoCloseable {

    /// Where arrays lie in a run.
    @FunctionalInterface
    interface Addresses {
        DeviceSpan of(View view);
    }

    /// Brings to the device what a step reads beside its operands; done before it is queued or recorded.
    void prepare(CudaStream stream, Step step);

    /// Queues the kernels of a step.
    ///
    /// @throws IllegalArgumentException when there is none for these types or shapes
    void launch(CudaStream stream, Step step, Addresses addresses);

    /// Gives back what [#prepare] brought.
    @Override
    void close();
}
