package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// `/userdata`: the user's saved workflows, templates and styles. A file's path is one encoded segment of the URL.
final class UserdataRoutes {

    private final UserFiles files;

    UserdataRoutes(Path userFolder) {
        this.files = new UserFiles(userFolder);
    }

    void register(RouteTable routes) {
        routes.get("/userdata", this::list)
                .get("/v2/userdata", this::entries)
                .get("/userdata/{file}", this::read)
                .post("/userdata/{file}", this::write)
                .delete("/userdata/{file}", this::delete)
                .post("/userdata/{file}/move/{target}", this::move);
    }

    private void list(Context context) throws IOException {
        String name = context.queryParam("dir");
        if (name == null || name.isEmpty()) {
            throw HttpError.badRequest("dir is missing");
        }
        Path folder = folder(name);
        boolean split = Exchange.queryFlag(context, "split");
        boolean info = Exchange.queryFlag(context, "full_info");
        ArrayNode list = Json.array();
        for (Path file : files.files(folder, Exchange.queryFlag(context, "recurse"))) {
            String path = UserFiles.wirePath(folder, file);
            if (info) {
                list.add(UserFiles.info(folder, file));
            } else if (split) {
                ArrayNode parts = list.addArray().add(path);
                for (String part : path.split("/", -1)) {
                    parts.add(part);
                }
            } else {
                list.add(path);
            }
        }
        Exchange.reply(context, list);
    }

    private void entries(Context context) throws IOException {
        String name = Optional.ofNullable(context.queryParam("path")).orElse("");
        Exchange.reply(context, files.entries(folder(name)));
    }

    private Path folder(String name) throws IOException {
        String trimmed = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
        if (trimmed.isEmpty()) {
            Files.createDirectories(files.root());
        }
        Path folder = SafePaths.resolve(files.root(), trimmed);
        if (!Files.isDirectory(folder)) {
            throw HttpError.notFound("there is no folder '" + name + "'");
        }
        return folder;
    }

    private Path file(Context context, String parameter) {
        String name = context.pathParam(parameter);
        if (name.isEmpty()) {
            throw HttpError.badRequest("the file name is missing");
        }
        return SafePaths.resolve(files.root(), name);
    }

    private Path existing(Context context) {
        Path file = file(context, "file");
        if (!Files.isRegularFile(file)) {
            throw HttpError.notFound("there is no file '" + UserFiles.wirePath(files.root(), file) + "'");
        }
        return file;
    }

    private void read(Context context) throws IOException {
        FileSender.sendResult(context, existing(context));
    }

    private void write(Context context) throws IOException {
        Path file = file(context, "file");
        refuseReplacing(context, file);
        UserFiles.writeAtomically(file, Exchange.body(context));
        reply(context, file);
    }

    private void delete(Context context) throws IOException {
        Files.delete(existing(context));
        context.status(204);
    }

    private void move(Context context) throws IOException {
        Path source = existing(context);
        Path target = file(context, "target");
        refuseReplacing(context, target);
        Files.createDirectories(Optional.ofNullable(target.getParent()).orElseThrow());
        Files.move(source, target, StandardCopyOption.REPLACE_EXISTING);
        reply(context, target);
    }

    private static void refuseReplacing(Context context, Path file) {
        if (Files.isDirectory(file)) {
            throw HttpError.of(409, "conflict", "there is a folder of this name");
        }
        String overwrite = context.queryParam("overwrite");
        if (overwrite != null && !overwrite.equals("true") && Files.exists(file)) {
            throw HttpError.of(409, "conflict", "the file exists; overwrite=true replaces it");
        }
    }

    private void reply(Context context, Path file) throws IOException {
        JsonNode body = Exchange.queryFlag(context, "full_info")
                ? UserFiles.info(files.root(), file)
                : TextNode.valueOf(UserFiles.wirePath(files.root(), file));
        Exchange.reply(context, body);
    }
}
