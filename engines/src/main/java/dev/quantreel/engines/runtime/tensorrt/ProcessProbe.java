package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.gpu.GpuDetection;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibrary;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// First what is cheap to see, then a process of its own ([ProbeMain]) that may crash.
///
/// @param obstacle what is seen to be missing without touching TensorRT; empty when nothing is
/// @param process that touches it
/// @param limit after which that process hangs
record ProcessProbe(Supplier<Optional<String>> obstacle, NativeProcess process, Duration limit)
        implements TensorRtProbe {

    private static final String BINDINGS = "org/bytedeco/tensorrt/global/nvinfer.class";

    static ProcessProbe ofThisMachine() {
        return new ProcessProbe(
                () -> firstObstacle(CudaDriver.DEFAULT_LIBRARY, ProcessProbe.class.getClassLoader())
                        .or(() -> GpuDetection.report().obstacle(GpuReport.Use.TENSORRT)),
                NativeProcess.of(ProbeMain.class, "256m"),
                Duration.ofMinutes(2));
    }

    /// What is missing before anything is started.
    ///
    /// @param driver name or path of the driver's library
    /// @param loader of the bindings
    static Optional<String> firstObstacle(String driver, ClassLoader loader) {
        try {
            NativeLibrary.open(driver);
        } catch (NativeLibraryException e) {
            return Optional.of("there is no NVIDIA driver here (" + e.getMessage()
                    + "); TensorRT needs an NVIDIA GPU with driver 580 or newer");
        }
        return loader.getResource(BINDINGS) == null
                ? Optional.of("there are no bindings of TensorRT; " + TensorRtEngineProvider.HOW_TO_INSTALL)
                : Optional.empty();
    }

    @Override
    public Result result() {
        Optional<String> first = obstacle.get();
        if (first.isPresent()) {
            return new Missing(first.get());
        }
        try {
            NativeProcess.Ending ending = process.run(List.of(), limit, message -> {}, CancellationToken.NONE);
            if (ending.timedOut()) {
                return new Missing("TensorRT did not start within " + limit.toSeconds() + " s");
            }
            if (ending.isDone() && ending.result().orElseThrow() instanceof BuildMessage.Done(String detail)) {
                Optional<Ready> ready = Ready.parse(detail);
                if (ready.isPresent()) {
                    return ready.get();
                }
            }
            return new Missing("TensorRT does not start: " + ending.reason());
        } catch (IOException e) {
            return new Missing("the process that looks for TensorRT cannot be started: " + e.getMessage());
        }
    }
}
