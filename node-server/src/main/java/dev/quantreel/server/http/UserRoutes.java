package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;
import dev.quantreel.server.workflow.WorkflowException;
import io.javalin.http.Context;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// `/users` and `/settings`: one user, whose settings lie in one file.
final class UserRoutes {

    private static final Logger LOG = System.getLogger(UserRoutes.class.getName());

    private final Path file;
    private final Object lock = new Object();

    UserRoutes(Path userFolder) {
        this.file = userFolder.resolve("comfy.settings.json");
    }

    void register(RouteTable routes) {
        routes.get(
                        "/users",
                        context -> Exchange.reply(
                                context, Json.object().put("storage", "server").put("migrated", true)))
                .post("/users", context -> {
                    throw HttpError.plain(400, "this server has one user; accounts are not available");
                })
                .get("/settings", context -> Exchange.reply(context, read()))
                .get("/settings/{id}", this::setting)
                .post("/settings", this::merge)
                .post("/settings/{id}", this::set);
    }

    private void setting(Context context) {
        JsonNode value = read().path(context.pathParam("id"));
        Exchange.reply(context, value.isMissingNode() ? NullNode.getInstance() : value);
    }

    private void merge(Context context) throws IOException {
        ObjectNode changes = Exchange.object(context);
        synchronized (lock) {
            ObjectNode settings = read();
            settings.setAll(changes);
            write(settings);
        }
    }

    private void set(Context context) throws IOException {
        JsonNode value = Exchange.json(context);
        if (value.isMissingNode()) {
            throw HttpError.badRequest("the body must be the setting's value as JSON");
        }
        synchronized (lock) {
            ObjectNode settings = read();
            settings.set(context.pathParam("id"), value);
            write(settings);
        }
    }

    private ObjectNode read() {
        synchronized (lock) {
            if (!Files.exists(file)) {
                return Json.object();
            }
            try {
                return Json.read(Files.readAllBytes(file)) instanceof ObjectNode object ? object : Json.object();
            } catch (IOException | WorkflowException e) {
                LOG.log(Level.WARNING, "settings in " + file + " cannot be read and are ignored", e);
                return Json.object();
            }
        }
    }

    private void write(ObjectNode settings) throws IOException {
        UserFiles.writeAtomically(file, Json.writePretty(settings).getBytes(StandardCharsets.UTF_8));
    }
}
