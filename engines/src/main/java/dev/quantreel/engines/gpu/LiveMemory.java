package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.MemoryInfo;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.runtime.cuda.driver.Nvml;
import java.util.Optional;
import java.util.OptionalLong;

/// What GPUs have free now, by the management library that detection found to work. Thread-safe.
public final class LiveMemory {

    private static final System.Logger LOG = System.getLogger(LiveMemory.class.getName());

    /// Knows nothing but what detection saw.
    public static final LiveMemory NONE = new LiveMemory(Optional.empty());

    private final Optional<Nvml> nvml;

    private LiveMemory(Optional<Nvml> nvml) {
        this.nvml = nvml;
    }

    /// Opens the library where the report says that it works.
    public static LiveMemory of(GpuReport report) {
        if (report.gpus().isEmpty()) {
            return NONE;
        }
        if (report.of(Component.MANAGEMENT) instanceof Finding.Found(String version, String path)) {
            try {
                return new LiveMemory(Optional.of(Nvml.open(path.isEmpty() ? Nvml.DEFAULT_LIBRARY : path)));
            } catch (NativeLibraryException e) {
                LOG.log(System.Logger.Level.WARNING, "Free memory of GPUs is not followed: {0}", e.getMessage());
            }
        }
        return NONE;
    }

    /// Free bytes of a GPU now; else what detection saw; empty where neither is known.
    public OptionalLong freeBytes(Gpu gpu) {
        if (nvml.isPresent() && gpu.uuid().isPresent()) {
            try {
                MemoryInfo memory = nvml.get().memory(gpu.uuid().get());
                return OptionalLong.of(memory.freeBytes());
            } catch (NativeLibraryException e) {
                LOG.log(System.Logger.Level.DEBUG, "No memory of GPU {0}: {1}", gpu.index(), e.getMessage());
            }
        }
        return gpu.freeMemoryBytes();
    }

    /// A report with the free memory of now.
    public GpuReport refresh(GpuReport report) {
        return new GpuReport(
                report.gpus().stream()
                        .map(gpu -> new Gpu(
                                gpu.index(),
                                gpu.name(),
                                gpu.capability(),
                                gpu.totalMemoryBytes(),
                                freeBytes(gpu),
                                gpu.memoryProblem(),
                                gpu.uuid()))
                        .toList(),
                report.parts(),
                report.providers());
    }
}
