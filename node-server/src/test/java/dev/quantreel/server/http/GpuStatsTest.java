package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.gpu.Component;
import dev.quantreel.engines.gpu.Finding;
import dev.quantreel.engines.gpu.Gpu;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.djl.OrtProviders;
import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.workflow.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `devices` and `gpu_report` of `/system_stats`.
class GpuStatsTest {

    private static JsonNode stats(Path root, CompletableFuture<GpuReport> gpus) {
        try (TestServer server = TestServer.with(root, gpus)) {
            return Json.read(server.get("/system_stats").body());
        }
    }

    private static JsonNode devices(Path root, CompletableFuture<GpuReport> gpus) {
        return stats(root, gpus).path("devices");
    }

    private static Gpu gpu(int index, OptionalLong free) {
        return new Gpu(
                index, "NVIDIA H100", new ComputeCapability(9, 0), 80L << 30, free, Optional.empty(), Optional.empty());
    }

    @Test
    void gpusTakeTheProcessorsPlaceInComfyUisForm(@TempDir Path root) {
        GpuReport report = new GpuReport(
                List.of(gpu(0, OptionalLong.of(70L << 30)), gpu(1, OptionalLong.empty())),
                Stream.of(Component.values())
                        .map(component -> new GpuReport.Part(component, new Finding.Missing("none", "none")))
                        .toList());
        JsonNode devices = devices(root, CompletableFuture.completedFuture(report));

        assertThat(devices).hasSize(2);
        assertThat(devices.get(0).toString())
                .isEqualTo("{\"name\":\"cuda:0 NVIDIA H100\",\"type\":\"cuda\",\"index\":0,\"vram_total\":85899345920,"
                        + "\"vram_free\":75161927680,\"torch_vram_total\":0,\"torch_vram_free\":0}");
        assertThat(devices.get(1).path("vram_free").asLong()).isEqualTo(80L << 30);
    }

    @Test
    void withoutAGpuTheProcessorIsTheDevice(@TempDir Path root) {
        JsonNode devices = devices(root, CompletableFuture.completedFuture(new GpuReport(List.of(), List.of())));

        assertThat(devices).hasSize(1);
        assertThat(devices.get(0).path("type").asText()).isEqualTo("cpu");
        assertThat(devices.get(0).path("vram_total").asLong()).isPositive();
    }

    @Test
    void detectionThatHangsOrFailsDoesNotHoldThePageUp(@TempDir Path root) {
        assertThat(devices(root.resolve("a"), new CompletableFuture<>())
                        .get(0)
                        .path("type")
                        .asText())
                .isEqualTo("cpu");
        assertThat(devices(root.resolve("b"), CompletableFuture.failedFuture(new IllegalStateException("broken")))
                        .get(0)
                        .path("type")
                        .asText())
                .isEqualTo("cpu");
    }

    @Test
    void whatIsMissingIsThereWithItsRemedyLineByLine(@TempDir Path root) {
        OrtProviders providers = new OrtProviders(
                "1.29.0",
                true,
                Set.of("CPU", "CUDA"),
                List.of(new OrtProviders.Provider(
                        "ONNX Runtime's CUDA provider", Optional.of("no libcuda; a driver"))));
        GpuReport report = new GpuReport(
                List.of(),
                Stream.of(Component.values())
                        .map(component -> new GpuReport.Part(component, new Finding.Missing("none", "install it")))
                        .toList(),
                Optional.of(providers));
        JsonNode lines = stats(root.resolve("a"), CompletableFuture.completedFuture(report))
                .path("gpu_report");

        assertThat(lines.toString())
                .contains("{\"ok\":false,\"text\":\"NVIDIA driver: none; install it\"}")
                .contains("{\"ok\":true,\"text\":\"ONNX Runtime: 1.29.0, built with CPU, CUDA\"}")
                .contains("{\"ok\":false,\"text\":\"ONNX Runtime's CUDA provider: no libcuda; a driver\"}");
        assertThat(stats(root.resolve("b"), new CompletableFuture<>()).path("gpu_report"))
                .isEmpty();
    }
}
