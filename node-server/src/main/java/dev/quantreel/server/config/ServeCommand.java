package dev.quantreel.server.config;

import dev.quantreel.engines.gpu.GpuDetection;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.http.HttpServer;
import dev.quantreel.server.http.HttpSettings;
import dev.quantreel.server.http.PortUnavailableException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `quantreel serve`.
@Command(
        name = "serve",
        description = "Serves the canvas and ComfyUI's API.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ServeCommand implements Callable<Integer> {

    private static final String LOOPBACK = "127.0.0.1";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Option(
            names = "--listen",
            paramLabel = "IP",
            arity = "0..1",
            fallbackValue = "0.0.0.0",
            defaultValue = LOOPBACK,
            description =
                    "Address to listen on; without a value all of them. Default: ${DEFAULT-VALUE}, this machine only.")
    private String listen = LOOPBACK;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8188",
            description = "Port; 0 takes a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8188;

    @Option(names = "--front-end-root", paramLabel = "DIR", description = "Serve this front end instead of our own.")
    private @Nullable Path frontEndRoot;

    @Option(
            names = "--enable-cors-header",
            paramLabel = "ORIGIN",
            arity = "0..1",
            fallbackValue = "*",
            description = "Let pages of this origin call the API; without a value, of every origin.")
    private @Nullable String corsOrigin;

    @Option(
            names = "--trusted-origin",
            paramLabel = "ORIGIN",
            description =
                    "Origin, such as https://studio.example, that may call the API, for example of a reverse proxy. May be repeated.")
    private Set<String> trustedOrigins = new LinkedHashSet<>();

    @Option(
            names = "--max-upload-size",
            paramLabel = "MB",
            defaultValue = "100",
            description = "Largest request in megabytes. Default: ${DEFAULT-VALUE}.")
    private int maxUploadMegabytes = 100;

    @Override
    public Integer call() throws InterruptedException {
        Application application = Application.create(folders.config(Optional.empty()));
        application.prepareFolders();
        PrintWriter out = spec.commandLine().getOut();
        application.packProblems().forEach(problem -> out.println("Left out: " + problem));
        PromptService prompts = new PromptService(application.executor());
        prompts.start();
        try (HttpServer server = start(application, prompts)) {
            announce(out, application, server);
            CountDownLatch ended = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                server.close();
                prompts.close();
                ended.countDown();
            }));
            ended.await();
        } catch (PortUnavailableException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
        return 0;
    }

    private HttpServer start(Application application, PromptService prompts) {
        ServerConfig config = application.config();
        if (frontEndRoot != null && !Files.isRegularFile(frontEndRoot.resolve("index.html"))) {
            throw new ConfigException("--front-end-root " + frontEndRoot + ": there is no index.html in it");
        }
        HttpSettings settings = new HttpSettings(
                listen,
                port,
                (long) maxUploadMegabytes << 20,
                trustedOrigins,
                Optional.ofNullable(corsOrigin),
                Optional.of(frontEndRoot == null ? config.page() : frontEndRoot.toAbsolutePath()),
                config.user(),
                Optional.of(config.workflows()),
                Version.text(),
                List.copyOf(spec.commandLine().getParseResult().originalArgs()));
        return HttpServer.start(
                settings,
                new HttpServer.Services(
                        prompts,
                        application.catalog(),
                        application.folders(),
                        application.folders(),
                        frontEndRoot != null,
                        CompletableFuture.supplyAsync(GpuDetection::report, task -> Thread.ofPlatform()
                                .daemon()
                                .name("gpu-detection")
                                .start(task))));
    }

    private void announce(PrintWriter out, Application application, HttpServer server) {
        out.println("Quantreel " + Version.text() + ": "
                + application.catalog().entries().size() + " kinds of nodes from " + application.packs());
        if (!HttpSettings.isLoopback(listen)) {
            out.println("WARNING: listening on " + listen
                    + ": everyone who reaches this machine can run workflows and read "
                    + "results. There is no login. Use --listen " + LOOPBACK
                    + " or put an authenticating proxy in front.");
        }
        out.println("To see the canvas go to: " + server.url());
        out.flush();
    }
}
