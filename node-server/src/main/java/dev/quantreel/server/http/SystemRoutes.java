package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.server.graph.NodeCatalog;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.lang.management.ManagementFactory;

/// `/object_info`, `/system_stats`, `/features` and the small routes a canvas asks at start.
final class SystemRoutes {

    /// The version of ComfyUI whose wire behaviour this server keeps to; clients compare it.
    private static final String WIRE_VERSION = "0.3.64";

    private final HttpSettings settings;
    private final NodeCatalog catalog;
    private final ObjectInfoJson objectInfo;
    private final ModelIndex models;
    private final DeviceJson devices;

    SystemRoutes(
            HttpSettings settings,
            NodeCatalog catalog,
            ObjectInfoJson objectInfo,
            ModelIndex models,
            DeviceJson devices) {
        this.settings = settings;
        this.catalog = catalog;
        this.objectInfo = objectInfo;
        this.models = models;
        this.devices = devices;
    }

    void register(RouteTable routes) {
        routes.get("/object_info", context -> Exchange.reply(context, objectInfo.all(catalog)))
                .get("/object_info/{class}", this::kind)
                .get("/system_stats", this::stats)
                .get("/features", context -> Exchange.reply(context, features(settings)))
                .get("/i18n", context -> Exchange.reply(context, Json.object()))
                .get("/node_replacements", context -> Exchange.reply(context, Json.object()))
                .get("/global_subgraphs", context -> Exchange.reply(context, Json.object()))
                .get("/global_subgraphs/{id}", context -> {
                    throw HttpError.notFound("there is no subgraph '" + context.pathParam("id") + "'");
                })
                .get("/internal/logs", context -> Exchange.reply(context, Json.array()))
                .get("/internal/logs/raw", SystemRoutes::logs)
                .patch("/internal/logs/subscribe", context -> context.status(200))
                .get("/internal/folder_paths", context -> Exchange.reply(context, FileRoutes.folderPaths(models)));
    }

    static ObjectNode features(HttpSettings settings) {
        return Json.object().put("supports_preview_metadata", true).put("max_upload_size", settings.maxUploadBytes());
    }

    private void kind(Context context) {
        ObjectNode json = Json.object();
        catalog.find(context.pathParam("class"))
                .ifPresent(entry -> json.set(entry.spec().id(), objectInfo.node(entry)));
        Exchange.reply(context, json);
    }

    private static void logs(Context context) {
        ObjectNode json = Json.object();
        json.putArray("entries");
        json.putObject("size").put("cols", 80).put("rows", 24);
        Exchange.reply(context, json);
    }

    private void stats(Context context) {
        long total = 0;
        long free = 0;
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            total = system.getTotalMemorySize();
            free = system.getFreeMemorySize();
        }
        ObjectNode json = Json.object();
        ObjectNode system = json.putObject("system")
                .put("os", System.getProperty("os.name", "unknown"))
                .put("ram_total", total)
                .put("ram_free", free)
                .put("comfyui_version", WIRE_VERSION)
                .put("quantreel_version", settings.version())
                .put("required_frontend_version", "")
                .put("installed_templates_version", "")
                .put("required_templates_version", "")
                .put("python_version", "none (Java " + Runtime.version() + ")")
                .put("pytorch_version", "none")
                .put("embedded_python", false);
        ArrayNode arguments = system.putArray("argv");
        settings.arguments().forEach(arguments::add);
        devices.write(json, total, free);
        Exchange.reply(context, json);
    }
}
