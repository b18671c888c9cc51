package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.gpu.Gpu;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.gpu.GpuReportText;
import dev.quantreel.engines.gpu.LiveMemory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// `devices` of `/system_stats`, in ComfyUI's form: the GPUs, or the processor where there is none.
final class DeviceJson {

    /// A page asks while it starts: a driver that hangs must not hold it up.
    private static final int PATIENCE_SECONDS = 5;

    /// There is no PyTorch that could hold memory of its own.
    private static final Memory NO_TORCH = new Memory(0, 0);

    private static final System.Logger LOG = System.getLogger(DeviceJson.class.getName());

    private record Device(String type, int index) {}

    private record Memory(long total, long free) {}

    private final CompletableFuture<GpuReport> report;
    private final CompletableFuture<LiveMemory> memory;

    DeviceJson(CompletableFuture<GpuReport> report) {
        this.report = report;
        this.memory = report.thenApply(LiveMemory::of);
    }

    /// Adds `devices`, and `gpu_report`: what was found of NVIDIA's and of ONNX Runtime's, a line each with `ok` and
    /// `text` as `doctor` shows it, none while detection is not done.
    ///
    /// @param ramTotal bytes of the machine's memory, which is that of the processor as a device
    /// @param ramFree bytes of it that are free
    void write(ObjectNode stats, long ramTotal, long ramFree) {
        Optional<GpuReport> found = found();
        devices(stats.putArray("devices"), found.map(GpuReport::gpus).orElse(List.of()), new Memory(ramTotal, ramFree));
        ArrayNode lines = stats.putArray("gpu_report");
        found.ifPresent(own -> GpuReportText.lines(own)
                .forEach(line -> lines.addObject().put("ok", line.good()).put("text", line.text())));
    }

    private void devices(ArrayNode devices, List<Gpu> gpus, Memory ram) {
        if (gpus.isEmpty()) {
            add(devices, "cpu", new Device("cpu", 0), ram, ram);
        }
        for (Gpu gpu : gpus) {
            long total = gpu.totalMemoryBytes();
            Memory vram = new Memory(total, memory.join().freeBytes(gpu).orElse(total));
            add(devices, "cuda:" + gpu.index() + " " + gpu.name(), new Device("cuda", gpu.index()), vram, NO_TORCH);
        }
    }

    private static void add(ArrayNode devices, String name, Device device, Memory memory, Memory torch) {
        devices.addObject()
                .put("name", name)
                .put("type", device.type())
                .put("index", device.index())
                .put("vram_total", memory.total())
                .put("vram_free", memory.free())
                .put("torch_vram_total", torch.total())
                .put("torch_vram_free", torch.free());
    }

    /// Empty while detection is not done.
    private Optional<GpuReport> found() {
        try {
            return Optional.of(report.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            LOG.log(System.Logger.Level.INFO, "The GPUs are not known yet");
        } catch (ExecutionException e) {
            LOG.log(System.Logger.Level.WARNING, "The GPUs could not be found out", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }
}
