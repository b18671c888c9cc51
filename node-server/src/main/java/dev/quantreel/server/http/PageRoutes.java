package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The page itself, its extensions, and the example workflows.
final class PageRoutes {

    private static final String NO_PAGE = """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Quantreel</title>
            <body style="font-family: sans-serif; max-width: 40em; margin: 4em auto; line-height: 1.5">
            <h1>Quantreel</h1>
            <p>The server runs, but its page has not been built.</p>
            <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, or name
            another front end with <code>--front-end-root DIR</code>, then reload this page.</p>
            <p>The API works without it: <a href="object_info">object_info</a>,
            <a href="system_stats">system_stats</a>, <a href="queue">queue</a>.</p></body></html>
            """;
    private static final String PACK = "quantreel";

    private final Optional<Path> frontEnd;
    private final Optional<Path> templates;

    PageRoutes(HttpSettings settings) {
        this.frontEnd = settings.frontEnd();
        this.templates = settings.templates();
    }

    void register(RouteTable routes) {
        routes.get("/extensions", this::extensions)
                .get("/workflow_templates", this::templates)
                .get("/workflow_templates/{pack}/{name}", this::template);
    }

    /// Comes last: whatever no other route answers may be a file of the page.
    void registerFallback(RoutesConfig routes) {
        routes.get("/", context -> page(context, "index.html"));
        routes.head("/", context -> page(context, "index.html"));
        routes.get("/<path>", context -> page(context, context.pathParam("path")));
        routes.head("/<path>", context -> page(context, context.pathParam("path")));
    }

    private void page(Context context, String path) throws IOException {
        boolean index = path.equals("index.html");
        Optional<Path> root = frontEnd.filter(folder -> Files.isRegularFile(folder.resolve("index.html")));
        if (root.isEmpty() && index) {
            context.header("Cache-Control", "no-store").html(NO_PAGE);
            return;
        }
        if (root.isPresent() && !path.startsWith("api/")) {
            Path file = SafePaths.resolve(root.get(), path);
            if (Files.isRegularFile(file)) {
                FileSender.sendPage(context, file);
                return;
            }
        }
        throw HttpError.notFound("there is nothing at /" + path);
    }

    private void extensions(Context context) throws IOException {
        ArrayNode scripts = Json.array();
        Optional<Path> folder = frontEnd.map(root -> root.resolve("extensions")).filter(Files::isDirectory);
        if (folder.isPresent()) {
            try (Stream<Path> files = Files.walk(folder.get(), 8)) {
                files.filter(file -> file.toString().endsWith(".js"))
                        .sorted()
                        .forEach(file -> scripts.add("/extensions/" + UserFiles.wirePath(folder.get(), file)));
            }
        }
        Exchange.reply(context, scripts);
    }

    private void templates(Context context) throws IOException {
        ObjectNode json = Json.object();
        if (templates.isPresent() && Files.isDirectory(templates.get())) {
            ArrayNode names = json.putArray(PACK);
            try (Stream<Path> files = Files.list(templates.get())) {
                files.map(file -> String.valueOf(file.getFileName()))
                        .filter(name -> name.endsWith(".json"))
                        .sorted()
                        .forEach(name -> names.add(name.substring(0, name.length() - ".json".length())));
            }
        }
        Exchange.reply(context, json);
    }

    /// A workflow, `NAME.json`, or the page that describes it, `NAME.md`.
    private void template(Context context) throws IOException {
        String name = SafePaths.fileName(context.pathParam("name"));
        Path root = templates
                .filter(folder -> context.pathParam("pack").equals(PACK))
                .orElseThrow(() -> HttpError.notFound("there is no pack '" + context.pathParam("pack") + "'"));
        Path file = SafePaths.resolve(root, name);
        boolean page = name.endsWith(".md");
        if (!(page || name.endsWith(".json")) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw HttpError.notFound("there is no " + (page ? "page" : "workflow") + " '" + name + "'");
        }
        FileSender.send(context, file, page ? "text/markdown" : "application/json");
    }
}
