package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.execution.ExecutionEvent;
import dev.quantreel.server.execution.ExecutionListener;
import dev.quantreel.server.execution.PromptService;
import dev.quantreel.server.execution.QueueSnapshot;
import dev.quantreel.server.workflow.Json;
import dev.quantreel.server.workflow.WorkflowException;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsConnectContext;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// `/ws`: tells clients what happens. Messages of a prompt go to the client that queued it; the state of the queue, and
/// interruptions of prompts that nobody claims, go to all.
final class WebSocketHub implements ExecutionListener {

    private static final Logger LOG = System.getLogger(WebSocketHub.class.getName());
    private static final int MAX_ID_CHARS = 200;
    private static final int PREVIEW_QUALITY = 85;
    private static final long PING_SECONDS = 20;

    private final Map<String, WebSocketClient> clients = new ConcurrentHashMap<>();
    private final PromptService prompts;
    private final HttpSettings settings;

    WebSocketHub(PromptService prompts, HttpSettings settings) {
        this.prompts = prompts;
        this.settings = settings;
    }

    void configure(WsConfig socket) {
        socket.onConnect(this::connected);
        socket.onMessage(context -> message(context.sessionId(), context.message()));
        socket.onClose(context -> gone(context.sessionId()));
        socket.onError(context -> gone(context.sessionId()));
    }

    private void connected(WsConnectContext context) {
        String id = Optional.ofNullable(context.queryParam("clientId"))
                .filter(asked -> !asked.isBlank() && asked.length() <= MAX_ID_CHARS)
                .orElseGet(() -> UUID.randomUUID().toString().replace("-", ""));
        context.enableAutomaticPings(PING_SECONDS, TimeUnit.SECONDS);
        WebSocketClient client = new WebSocketClient(id, context);
        ObjectNode status = EventJson.status(prompts.remaining()).put("sid", id);
        client.send(Json.write(EventJson.message("status", status)));
        prompts.queue()
                .running()
                .filter(run -> run.ticket().clientId().equals(Optional.of(id)))
                .ifPresent(run -> resume(client, run));
        // Known before the first message leaves: whoever reads it may queue a prompt at once and must hear of it.
        WebSocketClient before = clients.put(id, client);
        client.start();
        if (before != null) {
            before.close();
        }
    }

    private static void resume(WebSocketClient client, QueueSnapshot.Running run) {
        run.nodeId()
                .ifPresent(node -> client.send(Json.write(EventJson.message(
                        "executing", EventJson.executing(run.ticket().promptId(), node)))));
    }

    private void gone(String sessionId) {
        clients.values().removeIf(client -> {
            boolean same = client.sessionId().equals(sessionId);
            if (same) {
                client.close();
            }
            return same;
        });
    }

    private void message(String sessionId, String text) {
        JsonNode message;
        try {
            message = Json.read(text);
        } catch (WorkflowException e) {
            LOG.log(Level.DEBUG, "a client sent what is not JSON: {0}", e.getMessage());
            return;
        }
        if (message.path("type").asText().equals("feature_flags")) {
            boolean metadata =
                    message.path("data").path("supports_preview_metadata").asBoolean();
            clients.values().stream()
                    .filter(client -> client.sessionId().equals(sessionId))
                    .forEach(client -> {
                        client.understands(metadata);
                        client.send(Json.write(EventJson.message("feature_flags", SystemRoutes.features(settings))));
                    });
        }
    }

    @Override
    public void on(ExecutionEvent event, Optional<String> clientId) {
        Collection<WebSocketClient> receivers = receivers(event, clientId);
        if (receivers.isEmpty()) {
            return;
        }
        switch (event) {
            case ExecutionEvent.Previewed preview -> preview(preview, receivers);
            case ExecutionEvent.Status status ->
                receivers.stream()
                        .filter(client -> client.isModern() && !client.isBusy())
                        .forEach(client -> client.send(BinaryFrames.text(status.nodeId(), status.text())));
            default ->
                EventJson.of(event).map(Json::write).ifPresent(text -> receivers.forEach(client -> client.send(text)));
        }
    }

    private Collection<WebSocketClient> receivers(ExecutionEvent event, Optional<String> clientId) {
        boolean all = event instanceof ExecutionEvent.QueueChanged || event instanceof ExecutionEvent.Interrupted;
        if (all) {
            return clients.values();
        }
        WebSocketClient client = clientId.map(clients::get).orElse(null);
        boolean skippable =
                event instanceof ExecutionEvent.ProgressChanged || event instanceof ExecutionEvent.Progressed;
        return client == null || skippable && client.isBusy() ? List.of() : List.of(client);
    }

    private static void preview(ExecutionEvent.Previewed preview, Collection<WebSocketClient> receivers) {
        List<WebSocketClient> ready =
                receivers.stream().filter(client -> !client.isBusy()).toList();
        if (ready.isEmpty()) {
            return;
        }
        try {
            BufferedImage image = preview.image();
            byte[] jpeg = ImageVariants.jpeg(image, PREVIEW_QUALITY);
            for (WebSocketClient client : ready) {
                client.send(
                        client.understandsPreviewMetadata()
                                ? BinaryFrames.previewWithMetadata(preview.promptId(), preview.nodeId(), jpeg)
                                : BinaryFrames.preview(jpeg));
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "a preview could not be encoded", e);
        }
    }
}
