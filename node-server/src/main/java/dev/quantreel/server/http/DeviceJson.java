package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.quantreel.engines.gpu.Gpu;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.gpu.LiveMemory;
import java.util.List;
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

    /// Adds the devices.
    ///
    /// @param ramTotal bytes of the machine's memory, which is that of the processor as a device
    /// @param ramFree bytes of it that are free
    void write(ArrayNode devices, long ramTotal, long ramFree) {
        List<Gpu> gpus = gpus();
        if (gpus.isEmpty()) {
            Memory ram = new Memory(ramTotal, ramFree);
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

    /// GPUs whose driver answered; none while detection is not done.
    private List<Gpu> gpus() {
        try {
            return report.get(PATIENCE_SECONDS, TimeUnit.SECONDS).gpus();
        } catch (TimeoutException e) {
            LOG.log(System.Logger.Level.INFO, "The GPUs are not known yet");
        } catch (ExecutionException e) {
            LOG.log(System.Logger.Level.WARNING, "The GPUs could not be found out", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return List.of();
    }
}
