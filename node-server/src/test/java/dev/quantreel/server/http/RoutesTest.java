package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.testing.TestSocket;
import dev.quantreel.server.workflow.Json;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutesTest {

    private static final String GOOD = """
            {"1":{"class_type":"Number","inputs":{"value":5}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}
            """;
    private static final String WAITING = """
            {"1":{"class_type":"Wait","inputs":{}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}
            """;

    private TestServer server;

    @BeforeEach
    void start(@TempDir Path root) {
        server = TestServer.in(root);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private JsonNode json(String path) {
        HttpResponse<String> response = server.get(path);
        assertThat(response.statusCode()).as(path).isEqualTo(200);
        return Json.read(response.body());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/prompt | /exec_info/queue_remaining",
                "/queue | /queue_running",
                "/queue | /queue_pending",
                "/history | ",
                "/history/none | ",
                "/object_info | /Number/input/required/value",
                "/object_info/Number | /Number/output",
                "/object_info/None | ",
                "/system_stats | /devices/0/vram_total",
                "/system_stats | /system/comfyui_version",
                "/features | /supports_preview_metadata",
                "/users | /storage",
                "/settings | ",
                "/extensions | ",
                "/embeddings | ",
                "/models | /0",
                "/models/vae | ",
                "/experiment/models | /0/folders/0",
                "/i18n | ",
                "/workflow_templates | ",
                "/global_subgraphs | "
            })
    void everyRouteAnswersBareAndUnderApi(String path, String pointer) {
        JsonNode bare = json(path);
        JsonNode api = json("/api" + path);

        assertThat(bare.at(pointer == null ? "" : pointer).isMissingNode()).isFalse();
        assertThat(bare.getNodeType()).isEqualTo(api.getNodeType());
    }

    @Test
    void objectInfoDescribesPortsInOrder() {
        JsonNode info = json("/object_info/Text").path("Text");

        assertThat(info.at("/input_order/required"))
                .extracting(JsonNode::asText)
                .containsExactly("text", "size", "loud", "mood");
        assertThat(info.at("/input/required/size/0").asText()).isEqualTo("FLOAT");
        assertThat(info.at("/input/required/size/1/max").asDouble()).isEqualTo(10.0);
        assertThat(info.at("/input/required/mood/0"))
                .extracting(JsonNode::asText)
                .containsExactly("calm", "wild");
        assertThat(info.path("output_node").isBoolean()).isTrue();
        assertThat(json("/object_info/Number")
                        .at("/Number/input/required/value/1/control_after_generate")
                        .asBoolean())
                .isTrue();
        assertThat(json("/object_info/Fail").at("/Fail/input/optional/value/0").asText())
                .isEqualTo("*");
    }

    @Test
    void historyHasComfyUisShape() {
        String id = UUID.randomUUID().toString();
        server.post(
                "/api/prompt",
                "{\"prompt\":" + GOOD + ",\"prompt_id\":\"" + id + "\",\"client_id\":\"me\","
                        + "\"extra_data\":{\"extra_pnginfo\":{\"workflow\":{\"id\":\"w1\"}}}}");
        JsonNode entry = server.await(id);

        assertThat(entry.at("/prompt/1").asText()).isEqualTo(id);
        assertThat(entry.at("/prompt/2/1/class_type").asText()).isEqualTo("Number");
        assertThat(entry.at("/prompt/3/extra_pnginfo/workflow/id").asText()).isEqualTo("w1");
        assertThat(entry.at("/prompt/4/0").asText()).isEqualTo("2");
        assertThat(entry.at("/outputs/2/text/0").asText()).isEqualTo("5");
        assertThat(entry.at("/status/status_str").asText()).isEqualTo("success");
        assertThat(entry.at("/status/messages/2/0").asText()).isEqualTo("execution_success");
        assertThat(entry.at("/meta/2/display_node").asText()).isEqualTo("2");
        JsonNode job = json("/api/jobs/" + id);
        assertThat(job.path("status").asText()).isEqualTo("completed");
        assertThat(job.path("workflow_id").asText()).isEqualTo("w1");
        assertThat(job.at("/workflow/prompt/2/class_type").asText()).isEqualTo("Show");
        assertThat(job.path("outputs_count").asInt()).isEqualTo(1);
    }

    @Test
    void historyIsCutFromTheEndAndByOffset() {
        for (int i = 0; i < 4; i++) {
            server.run(GOOD.replace("5", Integer.toString(i)));
        }

        assertThat(json("/history")).hasSize(4);
        assertThat(shown(json("/history?max_items=2"))).isEqualTo("23");
        assertThat(shown(json("/history?max_items=2&offset=1"))).isEqualTo("12");
        assertThat(shown(json("/history?offset=3"))).isEqualTo("3");
        server.post("/history", "{\"clear\":true}");
        assertThat(json("/history")).isEmpty();
    }

    private static String shown(JsonNode history) {
        StringBuilder text = new StringBuilder();
        history.forEach(entry -> text.append(entry.at("/outputs/2/text/0").asText()));
        return text.toString();
    }

    @Test
    void interruptEndsTheRunningNodeWithinASecond() throws InterruptedException {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            String id =
                    Json.read(server.prompt(WAITING).body()).path("prompt_id").asText();
            assertThat(server.nodes().waiting().await(10, TimeUnit.SECONDS)).isTrue();
            long start = System.nanoTime();

            assertThat(server.post("/interrupt", "").statusCode()).isEqualTo(200);

            socket.until(message -> message.type().equals("execution_interrupted"));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
            JsonNode entry = server.await(id);
            assertThat(entry.at("/status/status_str").asText()).isEqualTo("error");
            assertThat(entry.at("/status/completed").asBoolean(true)).isFalse();
            assertThat(json("/api/jobs/" + id).path("status").asText()).isEqualTo("cancelled");
        }
        assertThat(server.run(GOOD).at("/status/completed").asBoolean()).isTrue();
    }

    @Test
    void interruptOfAnotherPromptDoesNothing() throws InterruptedException {
        server.prompt(WAITING);
        assertThat(server.nodes().waiting().await(10, TimeUnit.SECONDS)).isTrue();

        server.post("/interrupt", "{\"prompt_id\":\"" + UUID.randomUUID() + "\"}");

        assertThat(json("/queue").path("queue_running")).hasSize(1);
    }

    @Test
    void queueIsOrderedByNumberAndCanBeChanged() throws InterruptedException {
        server.prompt(WAITING);
        assertThat(server.nodes().waiting().await(10, TimeUnit.SECONDS)).isTrue();
        String later = Json.read(server.prompt(GOOD).body()).path("prompt_id").asText();
        String first = Json.read(server.post("/prompt", "{\"front\":true,\"prompt\":" + GOOD + "}")
                        .body())
                .path("prompt_id")
                .asText();
        String second = Json.read(server.post("/prompt", "{\"number\":0.5,\"prompt\":" + GOOD + "}")
                        .body())
                .path("prompt_id")
                .asText();

        assertThat(json("/queue").path("queue_pending"))
                .extracting(item -> item.get(1).asText())
                .containsExactly(first, second, later);
        assertThat(json("/prompt").at("/exec_info/queue_remaining").asInt()).isEqualTo(4);
        assertThat(json("/api/jobs?status=pending,in_progress&limit=2")
                        .at("/pagination/has_more")
                        .asBoolean())
                .isTrue();
        server.post("/queue", "{\"delete\":[\"" + second + "\"]}");
        assertThat(json("/queue").path("queue_pending")).hasSize(2);
        assertThat(Json.read(server.post("/api/jobs/" + first + "/cancel", "").body())
                        .path("cancelled")
                        .asBoolean())
                .isTrue();
        server.post("/queue", "{\"clear\":true}");
        assertThat(json("/queue").path("queue_pending")).isEmpty();
        server.post("/interrupt", "{}");
    }

    @Test
    void freeClosesResourcesAndForgetsResults() throws InterruptedException {
        String load = "{\"1\":{\"class_type\":\"Load\",\"inputs\":{\"key\":\"m\"}},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}";
        server.run(load);
        assertThat(server.nodes().openResources()).isEqualTo(1);

        server.post("/free", "{\"unload_models\":true}");

        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (server.nodes().openResources() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
        assertThat(server.nodes().openResources()).isZero();
        server.run(load);
        assertThat(server.nodes().runs("Load"))
                .as("a result that refers to a closed resource is not reused")
                .isEqualTo(2);
    }

    @Test
    void trustedOriginIsServed(@TempDir Path other) {
        try (TestServer trusting = TestServer.trusting(other, "https://studio.example")) {
            assertThat(trusting.get("/queue", "Origin", "https://studio.example")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(trusting.get("/queue", "Origin", "https://other.example").statusCode())
                    .isEqualTo(403);
        }
    }

    @Test
    void pageTellsHowToBuildIt() {
        assertThat(server.get("/").body()).contains("npm run build");
    }
}
