package dev.quantreel.server.config;

import static dev.quantreel.server.config.CommandLineRun.quantreel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `/models/diffusion_models/report`: recipe and report of the server's quantized files, and why others have none.
class ArtifactRouteTest {

    private static final String PLAIN = "wan2.1_t2v_tiny_fp32.safetensors";

    private final Path models;
    private final Path quantized;
    private final TestServer server;

    ArtifactRouteTest(@TempDir Path root) {
        this.models = root.resolve("models");
        this.quantized = models.resolve("diffusion_models/sub/q.safetensors");
        this.server = TestServer.in(root);
    }

    @BeforeEach
    void quantize() throws IOException {
        assertThat(quantreel("synth", "--tiny", models).code()).isZero();
        Files.createDirectories(models.resolve("diffusion_models/sub"));
        CommandLineRun run = quantreel(
                "quantize",
                models.resolve("diffusion_models/" + PLAIN),
                "--recipe",
                "../recipes/dvd-quant-w4.json",
                "--out",
                quantized);
        assertThat(run.code()).as(run.err()).isZero();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<String> report(String query) {
        return server.get("/api/models/diffusion_models/report" + query);
    }

    private static String message(HttpResponse<String> response) {
        return Json.read(response.body()).at("/error/message").asText();
    }

    @Test
    void theReportIsThatOfTheFile() {
        HttpResponse<String> response = report("?file=sub/q.safetensors");

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode json = Json.read(response.body());
        try (CheckpointFile file = CheckpointFiles.open(quantized)) {
            ArtifactReport expected = ArtifactReport.of(file).orElseThrow();
            assertThat(json.at("/recipe/name").asText()).isEqualTo("dvd-quant-w4");
            assertThat(json.at("/source/digest").asText())
                    .isEqualTo(expected.header().source().digest());
            assertThat(json.at("/parameters").asLong()).isEqualTo(expected.parameters());
            assertThat(json.at("/ratio").asDouble()).isCloseTo(expected.ratio(), within(1e-12));
            assertThat(json.at("/layers")).hasSize(expected.layers().size());
            for (int i = 0; i < expected.layers().size(); i++) {
                ArtifactReport.Layer layer = expected.layers().get(i);
                JsonNode told = json.at("/layers/" + i);
                assertThat(told.path("name").asText()).isEqualTo(layer.layer().name());
                assertThat(told.path("rows").asLong() * told.path("columns").asLong())
                        .isEqualTo(layer.weights());
                assertThat(told.at("/figures/0").asDouble())
                        .isEqualTo(layer.error().mse());
                assertThat(told.at("/figures/8").asDouble())
                        .isEqualTo(layer.error().incoherence());
                assertThat(told.path("figures")).hasSize(9);
            }
        }
    }

    @Test
    void whatHasNoReportIsToldWhy() throws IOException {
        HttpResponse<String> plain = report("?file=" + PLAIN);
        assertThat(plain.statusCode()).isEqualTo(400);
        assertThat(message(plain)).contains(PLAIN, "safetensors", "it has no recipe to show");

        HttpResponse<String> absent = report("?file=none.safetensors");
        assertThat(absent.statusCode()).isEqualTo(404);
        assertThat(message(absent)).contains("'none.safetensors' is not in diffusion_models", PLAIN);
        assertThat(report("?file=../../secret.safetensors").statusCode()).isEqualTo(404);
        assertThat(report("").statusCode()).isEqualTo(400);
        assertThat(server.get("/models/nowhere/report?file=x").statusCode()).isEqualTo(404);

        try (FileChannel file = FileChannel.open(quantized, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        HttpResponse<String> damaged = report("?file=sub/q.safetensors");
        assertThat(damaged.statusCode()).isEqualTo(400);
        assertThat(message(damaged)).contains("q.safetensors", "truncated");
    }
}
