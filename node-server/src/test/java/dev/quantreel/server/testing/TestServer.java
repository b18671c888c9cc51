package dev.quantreel.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.server.execution.Executor;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.http.HttpServer;
import dev.quantreel.server.http.HttpSettings;
import dev.quantreel.server.http.ModelIndex;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// A real server on a free port, with test nodes and folders of its own.
public final class TestServer implements AutoCloseable {

    private static final CompletableFuture<GpuReport> NO_GPU =
            CompletableFuture.completedFuture(new GpuReport(List.of(), List.of()));

    private final TestFolders folders;
    private final TestNodes nodes = new TestNodes();
    private final PromptService prompts;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    private TestServer(
            Path root, Optional<Path> frontEnd, Set<String> trustedOrigins, CompletableFuture<GpuReport> gpus) {
        this.folders = new TestFolders(root);
        this.prompts = new PromptService(new Executor(folders, Executor.Limits.DEFAULTS));
        HttpSettings settings = new HttpSettings(
                "127.0.0.1",
                0,
                4_000_000,
                trustedOrigins,
                Optional.empty(),
                frontEnd,
                root.resolve("user"),
                Optional.empty(),
                "test",
                List.of());
        ModelIndex models = new ModelIndex() {
            @Override
            public List<String> folders() {
                return List.of("vae", "diffusion_models");
            }

            @Override
            public List<Path> roots(String folder) {
                return folders().contains(folder)
                        ? List.of(root.resolve("models").resolve(folder))
                        : List.of();
            }
        };
        prompts.start();
        this.server = HttpServer.start(
                settings, new HttpServer.Services(prompts, nodes.catalog(), folders, models, false, gpus));
    }

    public static TestServer in(Path root) {
        return new TestServer(root, Optional.empty(), Set.of(), NO_GPU);
    }

    public static TestServer in(Path root, Path frontEnd) {
        return new TestServer(root, Optional.of(frontEnd), Set.of(), NO_GPU);
    }

    public static TestServer trusting(Path root, String origin) {
        return new TestServer(root, Optional.empty(), Set.of(origin), NO_GPU);
    }

    /// A machine with GPUs, or one whose detection is not done.
    public static TestServer with(Path root, CompletableFuture<GpuReport> gpus) {
        return new TestServer(root, Optional.empty(), Set.of(), gpus);
    }

    public TestNodes nodes() {
        return nodes;
    }

    public TestFolders folders() {
        return folders;
    }

    public PromptService prompts() {
        return prompts;
    }

    public HttpClient client() {
        return client;
    }

    public int port() {
        return server.port();
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    public HttpResponse<String> get(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    public HttpResponse<String> post(String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    public HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /// Posts a prompt in API format.
    public HttpResponse<String> prompt(String api) {
        return post("/prompt", "{\"prompt\":" + api + ",\"client_id\":\"me\"}");
    }

    /// Queues a prompt and waits until it is in the history.
    ///
    /// @return its history entry
    public JsonNode run(String api) {
        JsonNode reply = Json.read(prompt(api).body());
        return await(reply.path("prompt_id").asText("no prompt_id in " + reply));
    }

    /// Waits until a prompt is in the history.
    public JsonNode await(String promptId) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() < deadline) {
            JsonNode entry = Json.read(get("/history/" + promptId).body()).path(promptId);
            if (!entry.isMissingNode()) {
                return entry;
            }
            pause();
        }
        throw new IllegalStateException("prompt " + promptId + " did not end");
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public TestSocket socket(String clientId) {
        return TestSocket.open(client, URI.create("ws://127.0.0.1:" + server.port() + "/ws?clientId=" + clientId));
    }

    @Override
    public void close() {
        server.close();
        prompts.close();
        client.close();
    }
}
