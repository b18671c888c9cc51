package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.server.workflow.Json;
import io.javalin.http.Context;
import io.javalin.http.UploadedFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// `/view`, `/upload/image` and `/internal/files`: results, inputs and previews.
final class FileRoutes {

    private static final Pattern ANNOTATED = Pattern.compile("(.*) \\[(output|input|temp)]");
    private static final Pattern PREVIEW = Pattern.compile("(webp|jpeg)(?:;(\\d{1,3}))?");
    private static final int DEFAULT_QUALITY = 90;

    private final NodeFolders folders;

    FileRoutes(NodeFolders folders) {
        this.folders = folders;
    }

    void register(RouteTable routes) {
        routes.get("/view", this::view).post("/upload/image", this::upload).get("/internal/files/{root}", this::list);
    }

    private Path root(@Nullable String name, String otherwise) {
        return switch (name == null || name.isEmpty() ? otherwise : name) {
            case "output" -> folders.output();
            case "input" -> folders.input();
            case "temp" -> folders.temp();
            default -> throw HttpError.badRequest("type must be output, input or temp, got '" + name + "'");
        };
    }

    private void view(Context context) throws IOException {
        String filename = context.queryParam("filename");
        if (filename == null || filename.isEmpty()) {
            throw HttpError.badRequest("filename is missing");
        }
        String type = context.queryParam("type");
        Matcher annotated = ANNOTATED.matcher(filename);
        if (annotated.matches()) {
            filename = annotated.group(1);
            type = annotated.group(2);
        }
        String subfolder = Optional.ofNullable(context.queryParam("subfolder")).orElse("");
        String name = subfolder.isEmpty() ? filename : subfolder + "/" + filename;
        Path file = SafePaths.resolve(root(type, "output"), name);
        if (!Files.isRegularFile(file)) {
            throw HttpError.notFound("there is no file '" + filename + "'");
        }
        if (!sendVariant(context, file)) {
            FileSender.sendResult(context, file);
        }
    }

    /// Sends a picture re-encoded, when that was asked for and the file is one.
    private static boolean sendVariant(Context context, Path file) throws IOException {
        String channel = Optional.ofNullable(context.queryParam("channel")).orElse("rgba");
        String preview = Optional.ofNullable(context.queryParam("preview")).orElse("");
        if (!List.of("rgba", "rgb", "a").contains(channel)) {
            throw HttpError.badRequest("channel must be rgba, rgb or a, got '" + channel + "'");
        }
        Matcher matcher = PREVIEW.matcher(preview);
        if (!preview.isEmpty() && !matcher.matches()) {
            throw HttpError.badRequest("preview must be webp;QUALITY or jpeg;QUALITY, got '" + preview + "'");
        }
        if (preview.isEmpty() && channel.equals("rgba")) {
            return false;
        }
        Optional<BufferedImage> image = ImageVariants.read(file);
        if (image.isEmpty()) {
            return false;
        }
        context.header("Cache-Control", "no-cache");
        if (!preview.isEmpty()) { // the platform writes no WebP: both forms of the parameter give JPEG
            int quality = matcher.group(2) == null ? DEFAULT_QUALITY : Integer.parseInt(matcher.group(2));
            context.contentType("image/jpeg").result(ImageVariants.jpeg(image.get(), quality));
        } else {
            BufferedImage changed =
                    channel.equals("a") ? ImageVariants.alpha(image.get()) : ImageVariants.opaque(image.get());
            context.contentType("image/png").result(ImageVariants.png(changed));
        }
        return true;
    }

    private void upload(Context context) throws IOException {
        if (!context.isMultipartFormData()) {
            throw HttpError.badRequest("the body must be multipart/form-data with a part 'image'");
        }
        UploadedFile upload = context.uploadedFile("image");
        if (upload == null || upload.filename().isEmpty()) {
            throw HttpError.badRequest("the part 'image' with a file name is missing");
        }
        String type = Optional.ofNullable(context.formParam("type")).orElse("input");
        String subfolder = Optional.ofNullable(context.formParam("subfolder")).orElse("");
        String overwrite = Optional.ofNullable(context.formParam("overwrite")).orElse("");
        Path root = root(type, "input");
        Path folder = SafePaths.resolve(root, subfolder);
        SafePaths.resolve(root, (subfolder.isEmpty() ? "" : subfolder + "/") + SafePaths.fileName(upload.filename()));
        Files.createDirectories(folder);
        boolean replace = overwrite.equals("true") || overwrite.equals("1");
        String name = store(upload, folder, replace);
        Exchange.reply(
                context,
                Json.object().put("name", name).put("subfolder", subfolder).put("type", type));
    }

    private static String store(UploadedFile upload, Path folder, boolean replace) throws IOException {
        Path temporary = Files.createTempFile(folder, ".upload-", ".part");
        try {
            try (InputStream content = upload.content()) {
                Files.copy(content, temporary, StandardCopyOption.REPLACE_EXISTING);
            }
            String name = replace ? upload.filename() : freeName(folder, upload.filename(), temporary);
            Path target = folder.resolve(name);
            if (Files.isSymbolicLink(target)) {
                throw HttpError.of(403, "forbidden", "'" + name + "' is a link and is not written through");
            }
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            return name;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /// The name itself if it is free or holds the same bytes, else `name (1).ext` and so on.
    private static String freeName(Path folder, String wanted, Path content) throws IOException {
        int dot = wanted.lastIndexOf('.');
        String stem = dot > 0 ? wanted.substring(0, dot) : wanted;
        String extension = dot > 0 ? wanted.substring(dot) : "";
        String name = wanted;
        for (int i = 1; Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS); i++) {
            if (Files.isRegularFile(folder.resolve(name)) && Files.mismatch(folder.resolve(name), content) < 0) {
                return name;
            }
            name = stem + " (" + i + ")" + extension;
        }
        return name;
    }

    private void list(Context context) throws IOException {
        Path root = root(context.pathParam("root"), "");
        ArrayNode names = Json.array();
        if (Files.isDirectory(root)) {
            try (Stream<Path> files = Files.list(root)) {
                files.filter(Files::isRegularFile)
                        .sorted(Comparator.comparingLong(
                                        (Path file) -> file.toFile().lastModified())
                                .reversed())
                        .forEach(file -> names.add(String.valueOf(file.getFileName())));
            }
        }
        Exchange.reply(context, names);
    }

    /// What `/internal/folder_paths` tells.
    static ObjectNode folderPaths(ModelIndex models) {
        ObjectNode json = Json.object();
        for (String folder : models.folders()) {
            ArrayNode paths = json.putArray(folder);
            models.roots(folder).forEach(path -> paths.add(path.toString()));
        }
        return json;
    }
}
