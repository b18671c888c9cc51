package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.workflow.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class BadInputTest {

    private static final String GOOD = """
            {"1":{"class_type":"Number","inputs":{"value":5}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}
            """;

    @TempDir
    private Path root;

    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(root.resolve("output/sub"));
        Files.createDirectories(root.resolve("user/workflows"));
        Files.writeString(root.resolve("secret.txt"), "secret");
        Files.writeString(root.resolve("output/open.txt"), "open");
        Files.createSymbolicLink(root.resolve("output/link.txt"), root.resolve("secret.txt"));
        Files.createSymbolicLink(root.resolve("output/up"), root);
        Files.createSymbolicLink(root.resolve("user/workflows/link.json"), root.resolve("secret.txt"));
        server = TestServer.in(root);
    }

    @AfterEach
    void stopAfterProvingThatTheServerGoesOn() {
        assertThat(server.run(GOOD).at("/status/completed").asBoolean()).isTrue();
        server.close();
    }

    private static JsonNode error(HttpResponse<String> response) {
        return Json.read(response.body()).path("error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"prompt\": ", "nonsense", "{\"prompt\": {}} extra", "{\"a\":1,\"a\":2}"})
    void whatIsNotJsonIsRefusedWithThePosition(String body) {
        HttpResponse<String> response = server.post("/prompt", body);

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("type").asText()).isEqualTo("invalid_json");
        assertThat(error(response).path("message").asText()).contains("line", "column");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":"})
    void jsonOneHundredThousandDeepIsRefusedWithTheReason(String opening) {
        HttpResponse<String> response = server.post("/prompt", opening.repeat(100_000));

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("message").asText()).contains("depth").contains("256");
    }

    @Test
    void promptThatIsAStringIsRefused() {
        HttpResponse<String> response = server.post("/prompt", "{\"prompt\":\"hello\"}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("type").asText()).isEqualTo("invalid_prompt");
        assertThat(error(response).path("message").asText()).contains("a string", "hello");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]                             | invalid_request",
                "\"x\"                          | invalid_request",
                "{}                             | no_prompt",
                "{\"prompt\":[]}                | invalid_prompt",
                "{\"prompt\":{}}                | prompt_no_outputs",
                "{\"prompt\":{\"1\":5}}         | invalid_prompt",
                "{\"prompt\":{\"1\":{}}}        | missing_node_type",
                "{\"prompt\":{\"1\":{\"class_type\":\"Nope\"}}} | missing_node_type",
                "{\"prompt\":{\"1\":{\"class_type\":\"Number\",\"inputs\":3}}} | invalid_prompt",
                "{\"prompt\":{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}}}} | prompt_no_outputs"
            })
    void malformedPromptsAreRefusedWithTheirType(String body, String type) {
        HttpResponse<String> response = server.post("/prompt", body);

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("type").asText()).isEqualTo(type);
        assertThat(error(response).path("message").asText()).isNotBlank();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[\"1\", -1]  | slot -1",
                "[\"1\", 99]  | slot 99",
                "[\"9\", 0]   | no node '9'",
                "[\"1\"]      | length-2",
                "[\"1\", 0.5] | length-2",
                "[1, \"x\"]   | length-2",
                "[]           | length-2"
            })
    void badLinksAreRefusedNamingNodeAndInput(String link, String reason) {
        HttpResponse<String> response = server.prompt("{\"1\":{\"class_type\":\"Number\",\"inputs\":{\"value\":1}},"
                + "\"2\":{\"class_type\":\"Show\",\"inputs\":{\"value\":" + link + "}}}");

        JsonNode nodeError = Json.read(response.body()).at("/node_errors/2/errors/0");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(nodeError.path("type").asText()).isEqualTo("bad_linked_input");
        assertThat(nodeError.at("/extra_info/input_name").asText()).isEqualTo("value");
        assertThat(nodeError.path("message").asText()
                        + nodeError.path("details").asText())
                .contains(reason);
    }

    @Test
    void cycleIsRefusedNamingItsNodes() {
        HttpResponse<String> response =
                server.prompt("{\"1\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"2\",0]}},"
                        + "\"2\":{\"class_type\":\"Pass\",\"inputs\":{\"value\":[\"1\",0]}},"
                        + "\"3\":{\"class_type\":\"Show\",\"inputs\":{\"value\":[\"2\",0]}}}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("dependency_cycle", "\"cycle_nodes\":[\"2\",\"1\",\"2\"]");
    }

    @Test
    void duplicatePromptIdIsRefusedWhileItWaitsAndAfterItRan() {
        String id = UUID.randomUUID().toString();
        String body = "{\"prompt_id\":\"" + id + "\",\"prompt\":" + GOOD + "}";
        assertThat(server.post("/prompt", body).statusCode()).isEqualTo(200);

        HttpResponse<String> second = server.post("/prompt", body);
        server.await(id);
        HttpResponse<String> third = server.post("/prompt", body);

        assertThat(second.statusCode()).isEqualTo(409);
        assertThat(third.statusCode()).isEqualTo(409);
        assertThat(error(third).path("message").asText()).contains(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"x\"", "5", "\"A987FBC9-4BED-4078-8F07-9141BA07C9F3\"", "\"../../x\""})
    void promptIdMustBeALowerCaseUuid(String id) {
        HttpResponse<String> response = server.post("/prompt", "{\"prompt_id\":" + id + ",\"prompt\":" + GOOD + "}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("type").asText()).isEqualTo("invalid_prompt_id");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/history?max_items=abc", "/history?max_items=-5", "/api/history?offset=1e3",
                        "/history?max_items=99999999999",
                "/api/jobs?limit=0", "/api/jobs?offset=-1", "/api/jobs?status=dancing", "/api/jobs?sort_by=x",
                "/view", "/view?filename=open.txt&type=secret", "/view?filename=a.png&channel=x", "/userdata"
            })
    void badQueriesAreRefusedWithTheReason(String path) {
        String separator = path.contains("view?") && path.contains("channel") ? "&subfolder=" : "";
        HttpResponse<String> response = server.get(path + separator);

        assertThat(response.statusCode()).isIn(400, 404);
        assertThat(response.body()).contains("error");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "filename=../secret.txt", "filename=%2e%2e%2fsecret.txt", "filename=..%5csecret.txt",
                "filename=/etc/passwd", "filename=%2Fetc%2Fpasswd", "filename=secret.txt&subfolder=..",
                "filename=secret.txt&subfolder=sub/../..", "filename=C:%5Cx", "filename=a%00b.txt",
                "filename=secret.txt&subfolder=up", "filename=link.txt", "filename=..%252fsecret.txt",
                "filename=secret.txt&subfolder=%2Ftmp", "filename=open.txt%20[secret]"
            })
    void viewNeverLeavesItsFolder(String query) {
        HttpResponse<String> response = server.get("/view?" + query);

        assertThat(response.statusCode()).isIn(400, 403, 404);
        assertThat(response.body()).contains("error").doesNotContain("secret\n").isNotEqualTo("secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/userdata/..%2F..%2Fsecret.txt",
                "/userdata/%2e%2e%2fsecret.txt",
                "/userdata/..%2fsecret.txt",
                "/userdata/%2Fetc%2Fpasswd",
                "/userdata/workflows%2Flink.json",
                "/userdata/..%5Csecret.txt",
                "/userdata/workflows%2F..%2F..%2Fsecret.txt",
                "/userdata/%252e%252e%252fsecret.txt",
                "/userdata?dir=..",
                "/userdata?dir=/etc",
                "/v2/userdata?path=..",
                "/api/userdata/..%2Fsecret.txt"
            })
    void userdataNeverLeavesItsFolder(String path) {
        HttpResponse<String> response = server.get(path);

        assertThat(response.statusCode()).isIn(400, 403, 404);
        assertThat(response.body()).isNotEqualTo("secret");
    }

    @Test
    void userdataIsNotWrittenOutsideOfItsFolder() {
        HttpResponse<String> climbing = server.post("/userdata/..%2Fplanted.json?overwrite=true", "{}");
        HttpResponse<String> linked = server.post("/userdata/workflows%2Flink.json?overwrite=true", "{}");

        assertThat(climbing.statusCode()).isEqualTo(400);
        assertThat(linked.statusCode()).isEqualTo(403);
        assertThat(root.resolve("planted.json")).doesNotExist();
        assertThat(root.resolve("secret.txt")).hasContent("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "evil.example, '', 421", "evil.example:8188, '', 421", "127.0.0.1.evil.example, '', 421",
        "localhost, 'http://evil.example', 403", "localhost, 'null', 403", "localhost:1, 'http://localhost:2', 403",
        "localhost, 'https://localhost.evil.example', 403"
    })
    void foreignHostsAndOriginsAreRefusedWithTheReason(String host, String origin, int status) throws IOException {
        String reply = raw("GET /queue HTTP/1.1\r\nHost: " + host + "\r\n"
                + (origin.isEmpty() ? "" : "Origin: " + origin + "\r\n") + "Connection: close\r\n\r\n");

        assertThat(reply).startsWith("HTTP/1.1 " + status).contains(origin.isEmpty() ? host : origin);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:8188, ''",
        "127.0.0.1, http://127.0.0.1",
        "localhost:8188, http://localhost:8188",
        "'[::1]:9', ''"
    })
    void ownPageAndProgramsAreServed(String host, String origin) throws IOException {
        String reply = raw("GET /queue HTTP/1.1\r\nHost: " + host + "\r\n"
                + (origin.isEmpty() ? "" : "Origin: " + origin + "\r\n") + "Connection: close\r\n\r\n");

        assertThat(reply).startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example", "null"})
    void webSocketOfAForeignOriginIsRefusedBeforeTheUpgrade(String origin) throws IOException {
        String reply = raw(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin + "\r\nConnection: Upgrade\r\n"
                        + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

        assertThat(reply).startsWith("HTTP/1.1 403");
    }

    @Test
    void requestThatAnotherSiteMadeIsRefused() throws IOException {
        String fetch = raw("GET /queue HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"
                + "Sec-Fetch-Mode: no-cors\r\nConnection: close\r\n\r\n");
        String link =
                raw("GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                        + "Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n");

        assertThat(fetch).startsWith("HTTP/1.1 403");
        assertThat(link).startsWith("HTTP/1.1 200");
    }

    @Test
    void bodyAboveTheLimitIsRefused() {
        HttpResponse<String> response = server.post("/prompt", " ".repeat(5_000_000));

        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.body()).contains("4000000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/queue     | {\"clear\":\"yes\"}",
                "/queue | {\"delete\":\"x\"}",
                "/history | {\"delete\":[1]}",
                "/queue | [1]",
                "/interrupt | {\"prompt_id\":5}",
                "/free | {\"unload_models\":1}",
                "/settings | []",
                "/settings/x | {",
                "/prompt    | {\"prompt\":{},\"number\":\"x\"}",
                "/prompt | {\"prompt\":{},\"extra_data\":5}",
                "/prompt    | {\"prompt\":{},\"partial_execution_targets\":\"2\"}",
                "/upload/image | x"
            })
    void badBodiesAreRefused(String path, String body) {
        HttpResponse<String> response = server.post(path, body);

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("message").asText()).isNotBlank();
    }

    @Test
    void unknownRoutesAre404() {
        assertThat(server.get("/api/nothing").statusCode()).isEqualTo(404);
        assertThat(server.post("/nothing", "").statusCode()).isEqualTo(404);
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(5000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            StringBuilder reply = new StringBuilder();
            BufferedReader reader =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String line = reader.readLine();
            while (line != null) {
                reply.append(line).append('\n');
                if (line.isEmpty() && request.contains("Upgrade")) { // such a connection stays open
                    break;
                }
                line = reader.readLine();
            }
            return reply.toString();
        }
    }
}
