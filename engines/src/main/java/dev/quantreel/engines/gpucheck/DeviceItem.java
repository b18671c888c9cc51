package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDevice;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import java.time.Duration;
import java.util.List;

/// The machine: what everything else is measured on.
public final class DeviceItem implements GpuCheckItem {

    private static final Claim DRIVER =
            new Claim("driver", "Java's foreign-function API starts the CUDA driver and opens the first GPU");

    @Override
    public String id() {
        return "device";
    }

    @Override
    public int order() {
        return 0;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(30);
    }

    @Override
    public List<Claim> claims() {
        return List.of(DRIVER);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log()
                .note(System.getProperty("java.vm.name") + " " + Runtime.version() + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors");
    }

    @Override
    public void measure(CheckContext context) {
        CudaDriver driver;
        try {
            driver = CudaDriver.open(context.driver());
            if (driver.deviceCount() == 0) {
                context.log().note(GpuCheck.ABSENT + "the driver sees no GPU");
                return;
            }
        } catch (NativeLibraryException | CudaException e) {
            context.log().note(GpuCheck.ABSENT + String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
            return;
        }
        CudaDevice device = driver.device(0);
        try (CudaContext cuda = device.open()) {
            String name = device.name() + " (" + device.capability().architecture() + ", "
                    + (device.totalMemoryBytes() >> 20) + " MiB, CUDA " + driver.version() + ")";
            context.log().note(GpuCheck.DEVICE + name);
            context.log().ok(DRIVER, "", name, (cuda.memory().freeBytes() >> 20) + " MiB free");
        }
    }
}
