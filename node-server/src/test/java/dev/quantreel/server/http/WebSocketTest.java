package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.testing.TestSocket;
import dev.quantreel.server.testing.TestSocket.Message;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebSocketTest {

    private static final String TWO_NODES = """
            {"1":{"class_type":"Number","inputs":{"value":5}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}
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

    @Test
    void firstMessageTellsQueueAndSession() {
        try (TestSocket socket = server.socket("me")) {
            Message first = socket.next();

            assertThat(first.type()).isEqualTo("status");
            assertThat(first.data().path("sid").asText()).isEqualTo("me");
            assertThat(first.data().at("/status/exec_info/queue_remaining").asInt(-1))
                    .isZero();
        }
    }

    @Test
    void messagesOfOnePromptComeInComfyUisOrder() {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            server.prompt(TWO_NODES);

            assertThat(socket.untilEnd())
                    .extracting(Message::type)
                    .containsExactly(
                            "status",
                            "status",
                            "execution_start",
                            "execution_cached",
                            "progress_state",
                            "executing",
                            "progress_state",
                            "progress_state",
                            "executing",
                            "executed",
                            "progress_state",
                            "execution_success",
                            "status",
                            "executing");
        }
    }

    @Test
    void cachedOutputIsShownAgainWithoutRunning() {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            server.prompt(TWO_NODES);
            socket.untilEnd();
            server.prompt(TWO_NODES);

            List<Message> second = socket.untilEnd();
            assertThat(second)
                    .extracting(Message::type)
                    .containsExactly(
                            "status",
                            "status",
                            "execution_start",
                            "execution_cached",
                            "executed",
                            "progress_state",
                            "execution_success",
                            "status",
                            "executing");
            assertThat(second.get(3).data().path("nodes"))
                    .extracting(node -> node.asText())
                    .containsExactly("1", "2");
            assertThat(second.get(4).data().at("/output/text/0").asText()).isEqualTo("5");
            assertThat(server.nodes().runs("Number")).isEqualTo(1);
            assertThat(server.nodes().runs("Show")).isEqualTo(1);
        }
    }

    @Test
    void clientWithoutFeatureFlagsGetsPlainPreviews() {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            server.prompt("{\"1\":{\"class_type\":\"Work\",\"inputs\":{\"steps\":2}},"
                    + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}");

            List<Message> messages = socket.untilEnd();
            assertThat(messages)
                    .extracting(Message::type)
                    .containsSubsequence(
                            "executing",
                            "binary 1",
                            "progress",
                            "progress_state",
                            "binary 1",
                            "progress",
                            "progress_state",
                            "progress_state");
            Message preview = messages.stream()
                    .filter(message -> message.type().equals("binary 1"))
                    .findFirst()
                    .orElseThrow();
            assertThat(preview.bytes().getInt(4)).isEqualTo(1);
            assertThat(preview.bytes().get(8) & 0xFF).isEqualTo(0xFF);
            assertThat(preview.bytes().get(9) & 0xFF).isEqualTo(0xD8);
        }
    }

    @Test
    void clientThatAsksForMetadataGetsThemWithPreviews() {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            socket.send("{\"type\":\"feature_flags\",\"data\":{\"supports_preview_metadata\":true}}");
            Message reply = socket.next();
            server.prompt("{\"7\":{\"class_type\":\"Work\",\"inputs\":{\"steps\":1}},"
                    + "\"8\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"7\",0]}}}");

            Message preview =
                    socket.until(message -> message.type().startsWith("binary")).getLast();
            assertThat(reply.type()).isEqualTo("feature_flags");
            assertThat(reply.data().path("supports_preview_metadata").asBoolean())
                    .isTrue();
            assertThat(preview.type()).isEqualTo("binary 4");
            byte[] json = new byte[preview.bytes().getInt(4)];
            preview.bytes().get(8, json);
            assertThat(new String(json, StandardCharsets.UTF_8))
                    .contains("\"node_id\":\"7\"", "\"image_type\":\"image/jpeg\"");
        }
    }

    @Test
    void failureIsToldWithNodeInputAndEndMarker() {
        try (TestSocket socket = server.socket("me")) {
            socket.next();
            server.prompt("{\"1\":{\"class_type\":\"Fail\",\"inputs\":{\"how\":\"input\"}},"
                    + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"1\",0]}}}");

            List<Message> messages = socket.untilEnd();
            Message error = messages.stream()
                    .filter(m -> m.type().equals("execution_error"))
                    .findFirst()
                    .orElseThrow();
            assertThat(error.data().path("node_id").asText()).isEqualTo("1");
            assertThat(error.data().path("node_type").asText()).isEqualTo("Fail");
            assertThat(error.data().path("input_name").asText()).isEqualTo("how");
            assertThat(error.data().path("exception_message").asText())
                    .isEqualTo("input 'how': 'input' is not accepted here");
            assertThat(error.data().at("/current_inputs/how/0").asText()).isEqualTo("input");
            assertThat(messages).extracting(Message::type).endsWith("execution_error", "status", "executing");
        }
    }

    @Test
    void promptOfAnotherClientIsNotTold() {
        try (TestSocket mine = server.socket("me");
                TestSocket other = server.socket("other")) {
            mine.next();
            other.next();
            server.prompt(TWO_NODES);
            mine.untilEnd();

            assertThat(other.next().type()).isEqualTo("status");
            assertThat(other.next().type()).isEqualTo("status");
            assertThat(other.next().type()).isEqualTo("status");
        }
    }
}
