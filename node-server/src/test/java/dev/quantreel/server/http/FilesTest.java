package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.server.testing.TestServer;
import dev.quantreel.server.workflow.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class FilesTest {

    @TempDir
    private Path root;

    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(root.resolve("output/sub"));
        Files.writeString(root.resolve("output/clip.mp4"), "0123456789");
        Files.writeString(root.resolve("output/sub/page.svg"), "<svg onload='alert(1)'/>");
        ImageIO.write(
                new BufferedImage(4, 4, BufferedImage.TYPE_INT_ARGB),
                "png",
                root.resolve("output/a.png").toFile());
        Path page = Files.createDirectories(root.resolve("page/assets"));
        Files.writeString(root.resolve("page/index.html"), "<title>canvas</title>");
        Files.writeString(page.resolve("app.js"), "run()");
        server = TestServer.in(root, root.resolve("page"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-3, 206, 0123, bytes 0-3/10", "bytes=4-, 206, 456789, bytes 4-9/10", "bytes=-3, 206, 789, bytes 7-9/10",
        "bytes=8-99, 206, 89, bytes 8-9/10", "bytes=0-0, 206, 0, bytes 0-0/10",
                "bytes=-99, 206, 0123456789, bytes 0-9/10",
        "bytes=10-, 416, '', bytes */10", "bytes=-0, 416, '', bytes */10", "bytes=5-4, 416, '', bytes */10",
        "bytes=0-1;4-5, 200, 0123456789, ''", "lines=1-2, 200, 0123456789, ''"
    })
    void rangesGiveThoseBytes(String range, int status, String body, String contentRange) {
        HttpResponse<String> response = server.get("/view?filename=clip.mp4", "Range", range);

        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.body()).isEqualTo(body);
        assertThat(response.headers().firstValue("Content-Range").orElse("")).isEqualTo(contentRange);
        assertThat(response.headers().firstValue("Accept-Ranges")).contains("bytes");
    }

    @Test
    void rangeOfAChangedFileGivesTheWholeFile() {
        String tag = server.get("/view?filename=clip.mp4")
                .headers()
                .firstValue("ETag")
                .orElseThrow();

        HttpResponse<String> same = server.get("/view?filename=clip.mp4", "Range", "bytes=0-1", "If-Range", tag);
        HttpResponse<String> other = server.get("/view?filename=clip.mp4", "Range", "bytes=0-1", "If-Range", "\"x\"");
        HttpResponse<String> known = server.get("/view?filename=clip.mp4", "If-None-Match", tag);

        assertThat(same.statusCode()).isEqualTo(206);
        assertThat(other.statusCode()).isEqualTo(200);
        assertThat(known.statusCode()).isEqualTo(304);
    }

    @Test
    void headTellsTheLengthWithoutABody() {
        HttpResponse<String> response = server.send(HttpRequest.newBuilder(server.uri("/view?filename=clip.mp4"))
                .HEAD()
                .build());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Length")).contains("10");
        assertThat(response.body()).isEmpty();
    }

    @Test
    void videoIsShownAndActiveTypesAreAttachments() {
        HttpResponse<String> video = server.get("/api/view?filename=clip.mp4%20[output]");
        HttpResponse<String> svg = server.get("/view?filename=page.svg&subfolder=sub");

        assertThat(video.headers().firstValue("Content-Type")).contains("video/mp4");
        assertThat(video.headers().firstValue("Content-Disposition")).contains("filename=\"clip.mp4\"");
        assertThat(video.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(svg.headers().firstValue("Content-Type")).contains("application/octet-stream");
        assertThat(svg.headers().firstValue("Content-Disposition")).contains("attachment; filename=\"page.svg\"");
    }

    @Test
    void previewOfAPictureIsJpeg() {
        HttpResponse<String> response = server.get("/view?filename=a.png&preview=webp;80");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("image/jpeg");
    }

    @Test
    void pageIsServedWithItsPolicyAndCompressed() {
        HttpResponse<String> index = server.get("/");
        HttpResponse<String> script = server.get("/assets/app.js");

        assertThat(index.body()).contains("canvas");
        assertThat(index.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(index.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("connect-src 'self'", "frame-ancestors 'none'");
        assertThat(script.headers().firstValue("Content-Type").orElse("")).startsWith("text/javascript");
        assertThat(server.get("/assets/none.js").statusCode()).isEqualTo(404);
    }

    @Test
    void largeRepliesAreCompressedWhenAskedFor() {
        HttpResponse<String> response = server.get("/object_info", "Accept-Encoding", "gzip");

        assertThat(response.headers().firstValue("Content-Encoding")).contains("gzip");
    }

    private HttpResponse<String> upload(String name, String content, String fields) {
        String body = "--B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + name + "\"\r\n\r\n"
                + content + "\r\n" + fields + "--B--\r\n";
        return server.send(HttpRequest.newBuilder(server.uri("/upload/image"))
                .header("Content-Type", "multipart/form-data; boundary=B")
                .POST(BodyPublishers.ofString(body))
                .build());
    }

    private static String field(String name, String value) {
        return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }

    @Test
    void uploadKeepsEqualFilesOnceAndNumbersOthers() {
        JsonNode first = Json.read(upload("x.png", "one", "").body());
        JsonNode equal = Json.read(upload("x.png", "one", "").body());
        JsonNode other = Json.read(upload("x.png", "two", "").body());
        JsonNode replaced =
                Json.read(upload("x.png", "three", field("overwrite", "true")).body());
        JsonNode below =
                Json.read(upload("x.png", "four", field("subfolder", "deep/er")).body());

        assertThat(first).isEqualTo(Json.read("{\"name\":\"x.png\",\"subfolder\":\"\",\"type\":\"input\"}"));
        assertThat(equal.path("name").asText()).isEqualTo("x.png");
        assertThat(other.path("name").asText()).isEqualTo("x (1).png");
        assertThat(replaced.path("name").asText()).isEqualTo("x.png");
        assertThat(root.resolve("input/x.png")).hasContent("three");
        assertThat(root.resolve("input/x (1).png")).hasContent("two");
        assertThat(below.path("subfolder").asText()).isEqualTo("deep/er");
        assertThat(root.resolve("input/deep/er/x.png")).hasContent("four");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.png", "a/x.png", "..", "/x.png", "a\\x.png"})
    void uploadOutsideOfTheFolderIsRefused(String name) throws IOException {
        HttpResponse<String> response = upload(name, "evil", "");

        assertThat(response.statusCode()).isEqualTo(400);
        try (Stream<Path> files = Files.walk(root)) {
            assertThat(files.filter(file -> file.getFileName().toString().startsWith("x")))
                    .isEmpty();
        }
    }

    @Test
    void uploadIntoAFolderOutsideIsRefused() {
        assertThat(upload("x.png", "evil", field("subfolder", "../..")).statusCode())
                .isEqualTo(400);
        assertThat(upload("x.png", "evil", field("type", "models")).statusCode())
                .isEqualTo(400);
        assertThat(upload("x.png", "x".repeat(5_000_000), "").statusCode()).isEqualTo(413);
    }

    @Test
    void userdataIsWrittenListedMovedAndDeleted() {
        HttpResponse<String> written =
                server.post("/userdata/workflows%2Fa.json?overwrite=false&full_info=true", "{\"x\":1}");
        HttpResponse<String> again = server.post("/api/userdata/workflows%2Fa.json?overwrite=false", "{}");
        HttpResponse<String> read = server.get("/userdata/workflows%2Fa.json");
        HttpResponse<String> listed = server.get("/userdata?dir=workflows&recurse=true&split=true");
        HttpResponse<String> moved = server.post("/userdata/workflows%2Fa.json/move/workflows%2Fdeep%2Fb.json", "");
        HttpResponse<String> entries = server.get("/v2/userdata?path=workflows");
        HttpResponse<String> deleted =
                server.send(HttpRequest.newBuilder(server.uri("/userdata/workflows%2Fdeep%2Fb.json"))
                        .DELETE()
                        .build());

        assertThat(Json.read(written.body()).path("path").asText()).isEqualTo("workflows/a.json");
        assertThat(Json.read(written.body()).path("size").asInt()).isEqualTo(7);
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(read.body()).isEqualTo("{\"x\":1}");
        assertThat(listed.body()).isEqualTo("[[\"a.json\",\"a.json\"]]");
        assertThat(moved.body()).isEqualTo("\"workflows/deep/b.json\"");
        assertThat(entries.body()).contains("\"name\":\"deep\"", "\"type\":\"directory\"");
        assertThat(deleted.statusCode()).isEqualTo(204);
        assertThat(server.get("/userdata/workflows%2Fdeep%2Fb.json").statusCode())
                .isEqualTo(404);
    }

    @Test
    void settingsAreMergedAndRemembered() {
        server.post("/settings", "{\"a\":1,\"b\":true}");
        server.post("/settings/c", "\"text\"");

        assertThat(server.get("/settings").body()).isEqualTo("{\"a\":1,\"b\":true,\"c\":\"text\"}");
        assertThat(server.get("/api/settings/b").body()).isEqualTo("true");
        assertThat(server.get("/settings/none").body()).isEqualTo("null");
    }
}
