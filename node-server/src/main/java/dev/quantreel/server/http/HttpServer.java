package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.graph.GraphValidator;
import dev.quantreel.server.graph.NodeCatalog;
import dev.quantreel.server.workflow.Json;
import dev.quantreel.server.workflow.WorkflowException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.SizeUnit;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.http.UriCompliance;

/// The HTTP server: every route bare and under `/api`, the WebSocket, and the page. Owns its threads; does not own the
/// [PromptService].
public final class HttpServer implements AutoCloseable {

    private static final Logger LOG = System.getLogger(HttpServer.class.getName());
    private static final long MAX_MESSAGE_BYTES = 16L << 20;

    private final Javalin javalin;
    private final HttpSettings settings;

    private HttpServer(Javalin javalin, HttpSettings settings) {
        this.javalin = javalin;
        this.settings = settings;
    }

    /// What the server shows and drives.
    ///
    /// @param foreignFrontEnd whether the page is not our own and needs a laxer content security policy
    public record Services(
            PromptService prompts,
            NodeCatalog catalog,
            NodeFolders folders,
            ModelIndex models,
            boolean foreignFrontEnd,
            CompletableFuture<GpuReport> gpus) {}

    /// Starts to answer.
    ///
    /// @throws PortUnavailableException when the address or port cannot be used
    public static HttpServer start(HttpSettings settings, Services services) {
        WebSocketHub hub = new WebSocketHub(services.prompts(), settings);
        services.prompts().addListener(hub);
        Javalin javalin = Javalin.create(config -> {
            configure(config, settings, services.foreignFrontEnd());
            routes(config, settings, services, hub);
        });
        try {
            javalin.start(settings.host(), settings.port());
        } catch (JavalinBindException e) {
            throw new PortUnavailableException(settings.host(), settings.port(), e);
        }
        return new HttpServer(javalin, settings);
    }

    /// Where the page is.
    public String url() {
        boolean all = settings.host().equals("0.0.0.0") || settings.host().equals("::");
        String host = all ? "127.0.0.1" : settings.host();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    public int port() {
        return javalin.port();
    }

    @Override
    public void close() {
        javalin.stop();
    }

    private static void configure(JavalinConfig config, HttpSettings settings, boolean foreignFrontEnd) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = true;
        config.http.maxRequestSize = settings.maxUploadBytes();
        config.jetty.multipartConfig.maxFileSize(settings.maxUploadBytes(), SizeUnit.BYTES);
        config.jetty.multipartConfig.maxTotalRequestSize(settings.maxUploadBytes(), SizeUnit.BYTES);
        config.jetty.modifyHttpConfiguration(http -> {
            http.setUriCompliance(UriCompliance.DEFAULT.with(
                    "Quantreel",
                    UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                    UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING));
            http.setSendServerVersion(false);
        });
        config.jetty.modifyServletContextHandler(handler -> {
            handler.getServletHandler().setDecodeAmbiguousURIs(true);
            FilterHolder guard = new FilterHolder(new OriginGuard(settings, foreignFrontEnd));
            guard.setAsyncSupported(true);
            handler.addFilter(guard, "/*", EnumSet.of(DispatcherType.REQUEST));
        });
        config.jetty.modifyWebSocketServletFactory(factory -> {
            factory.setMaxTextMessageSize(MAX_MESSAGE_BYTES);
            factory.setMaxBinaryMessageSize(MAX_MESSAGE_BYTES);
            factory.setIdleTimeout(Duration.ofMinutes(2));
        });
    }

    private static void routes(JavalinConfig config, HttpSettings settings, Services services, WebSocketHub hub) {
        PromptService prompts = services.prompts();
        ObjectInfoJson objectInfo = new ObjectInfoJson(services.folders());
        GraphValidator validator = new GraphValidator(services.catalog(), services.folders());
        PageRoutes page = new PageRoutes(settings);
        RouteTable routes = new RouteTable(config.routes);
        config.routes.before(context -> context.attribute(Exchange.MAX_BODY_BYTES, settings.maxUploadBytes()));
        new PromptRoutes(prompts, validator, new ErrorJson(objectInfo)).register(routes);
        new QueueRoutes(prompts).register(routes);
        new JobRoutes(prompts).register(config.routes);
        new FileRoutes(services.folders()).register(routes);
        new UserRoutes(settings.userFolder()).register(routes);
        new UserdataRoutes(settings.userFolder()).register(routes);
        new SystemRoutes(settings, services.catalog(), objectInfo, services.models(), new DeviceJson(services.gpus()))
                .register(routes);
        new ModelRoutes(services.models(), services.folders()).register(routes);
        page.register(routes);
        page.registerFallback(config.routes);
        config.routes.ws("/ws", hub::configure);
        config.routes.ws("/api/ws", hub::configure);
        errors(config);
    }

    private static void errors(JavalinConfig config) {
        config.routes.exception(HttpError.class, (e, context) -> refuse(context, e));
        config.routes.exception(WorkflowException.class, (e, context) -> refuse(context, refusal(e)));
        config.routes.exception(
                HttpResponseException.class,
                (e, context) -> refuse(
                        context, HttpError.of(e.getStatus(), "http_" + e.getStatus(), String.valueOf(e.getMessage()))));
        config.routes.exception(ServletException.class, (e, context) -> refuse(context, badMultipart(e)));
        config.routes.exception(FileSystemException.class, (e, context) -> {
            LOG.log(Level.WARNING, context.method() + " " + context.path() + ": file system", e);
            refuse(context, HttpError.of(507, "storage", "the file could not be read or written: " + e.getReason()));
        });
        config.routes.exception(Exception.class, (e, context) -> {
            LOG.log(Level.ERROR, context.method() + " " + context.path() + " failed", e);
            refuse(context, HttpError.of(500, "internal", "internal error; the server's log tells more"));
        });
    }

    /// The servlet container reports every fault of a multipart body as a chain of causes.
    private static HttpError badMultipart(ServletException e) {
        String reason = String.valueOf(e.getMessage());
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            reason = String.valueOf(cause.getMessage());
        }
        boolean tooLarge = reason.contains("max length") || reason.contains("exceeds");
        return tooLarge
                ? HttpError.of(413, "too_large", "the upload is too large: " + reason)
                : HttpError.badRequest("the multipart body cannot be read: " + reason);
    }

    private static HttpError refusal(WorkflowException e) {
        HttpError error = HttpError.of(400, e.type(), String.valueOf(e.getMessage()));
        if (error.body().path("error").path("extra_info") instanceof ObjectNode extra) {
            e.nodeId().ifPresent(id -> extra.put("node_id", id));
            e.classType().ifPresent(type -> extra.put("class_type", type));
        }
        return error;
    }

    private static void refuse(Context context, HttpError error) {
        context.status(error.status());
        if (error.status() == 429) {
            context.header("Retry-After", "5");
        }
        context.contentType("application/json").result(Json.write(error.body()));
    }
}
