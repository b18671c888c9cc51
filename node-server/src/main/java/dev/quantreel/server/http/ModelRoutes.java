package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/// `/models`, `/experiment/models` and `/embeddings`: what lies in the model folders, and what a quantized file there
/// says about itself.
final class ModelRoutes {

    private final ModelIndex models;
    private final NodeFolders folders;

    ModelRoutes(ModelIndex models, NodeFolders folders) {
        this.models = models;
        this.folders = folders;
    }

    void register(RouteTable routes) {
        routes.get("/models", this::names)
                .get("/models/{folder}", this::files)
                .get("/models/{folder}/report", this::report)
                .get("/experiment/models", this::foldersWithPaths)
                .get("/experiment/models/{folder}", this::filesWithSizes)
                .get("/embeddings", this::embeddings);
    }

    private void names(Context context) {
        ArrayNode names = Json.array();
        models.folders().forEach(names::add);
        Exchange.reply(context, names);
    }

    private String known(Context context) {
        String folder = context.pathParam("folder");
        if (models.roots(folder).isEmpty()) {
            throw HttpError.notFound("there is no model folder '" + folder + "'; there are " + models.folders());
        }
        return folder;
    }

    private void files(Context context) {
        ArrayNode names = Json.array();
        folders.files(known(context)).forEach(names::add);
        Exchange.reply(context, names);
    }

    private void foldersWithPaths(Context context) {
        ArrayNode list = Json.array();
        for (String folder : models.folders()) {
            ObjectNode entry = list.addObject().put("name", folder);
            ArrayNode paths = entry.putArray("folders");
            models.roots(folder).forEach(path -> paths.add(path.toString()));
        }
        Exchange.reply(context, list);
    }

    private void filesWithSizes(Context context) throws IOException {
        String folder = known(context);
        ArrayNode list = Json.array();
        List<Path> roots = models.roots(folder);
        for (String name : folders.files(folder)) {
            for (int i = 0; i < roots.size(); i++) {
                Path file = roots.get(i).resolve(name);
                if (Files.isRegularFile(file)) {
                    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                    list.addObject()
                            .put("name", name)
                            .put("pathIndex", i)
                            .put("size", attributes.size())
                            .put("modified", attributes.lastModifiedTime().toMillis() / 1000.0);
                    break;
                }
            }
        }
        Exchange.reply(context, list);
    }

    /// Recipe and figures of a quantized file; its weights are not read.
    private void report(Context context) {
        String folder = known(context);
        String name = context.queryParam("file");
        if (name == null || name.isEmpty()) {
            throw HttpError.badRequest("file is missing: the name of a file in " + folder);
        }
        Path path;
        try {
            path = folders.resolve("file", folder, name);
        } catch (NodeInputException e) {
            throw HttpError.notFound(String.valueOf(e.getMessage()));
        }
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            ArtifactReport report = ArtifactReport.of(file)
                    .orElseThrow(() -> HttpError.of(
                            400,
                            "not_quantized",
                            "'" + name + "' is " + file.format() + ", not a file that Save Quantized or `quantreel"
                                    + " quantize` wrote: it has no recipe to show"));
            Exchange.reply(context, ArtifactReportJson.of(report));
        } catch (CheckpointException e) {
            throw HttpError.of(400, "damaged", String.valueOf(e.getMessage()));
        }
    }

    private void embeddings(Context context) {
        ArrayNode names = Json.array();
        for (String name : folders.files("embeddings")) {
            int dot = name.lastIndexOf('.');
            names.add(dot > 0 ? name.substring(0, dot) : name);
        }
        Exchange.reply(context, names);
    }
}
