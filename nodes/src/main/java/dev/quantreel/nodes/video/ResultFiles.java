package dev.quantreel.nodes.video;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoFormat;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.engines.video.VideoWriter;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.UiItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;

/// Saves plots and figures beside each other under one counter, and shows them on the node.
///
/// @param names where to
/// @param counter number in the file names
public record ResultFiles(SaveNames names, int counter, NodeContext context) {

    /// The next free number of a prefix in the output folder; also says why plots are blank where they are.
    public static ResultFiles of(String prefix, NodeContext context) throws IOException {
        if (!Lettering.isPossible()) {
            context.status(Lettering.REMEDY);
        }
        SaveNames names =
                SaveNames.of(context.folders().output(), prefix, new SaveNames.Size(0, 0), LocalDateTime.now());
        return new ResultFiles(names, names.nextCounter(), context);
    }

    /// Saves a picture with the workflow inside.
    ///
    /// @param suffix goes between counter and extension, for example `sqnr`; may be empty
    public Path png(Frames picture, String suffix) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        context.workflow().prompt().ifPresent(text -> metadata.put("prompt", text));
        context.workflow().workflow().ifPresent(text -> metadata.put("workflow", text));
        Path file = names.folder().resolve(name(suffix, "png"));
        new VideoWriter().writePng(picture, 0, file, new VideoOptions(VideoFormat.GIF, 1, 100, 1, metadata));
        show(file, UiItem.Kind.IMAGES, "image/png");
        return file;
    }

    /// Saves figures as JSON. The file appears only when it is complete.
    public Path json(JsonNode figures) throws IOException {
        String text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(figures);
        return text(text + "\n", "json", "application/json");
    }

    /// Saves a text. The file appears only when it is complete.
    public Path text(String text, String extension, String mediaType) throws IOException {
        Path file = names.folder().resolve(name("", extension));
        Files.createDirectories(names.folder());
        Path part = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.writeString(part, text);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IOException("cannot write " + file + ": " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(part);
        }
        show(file, UiItem.Kind.FILES, mediaType);
        return file;
    }

    /// A file without counter, `stem.extension`, for results that several runs share.
    public Path sibling(String extension) {
        return names.folder().resolve(names.stem() + "." + extension);
    }

    private String name(String suffix, String extension) {
        return names.fileName(counter, suffix.isEmpty() ? extension : suffix + "." + extension);
    }

    private void show(Path file, UiItem.Kind kind, String mediaType) {
        context.show(new UiItem.FileItem(
                kind, file.getFileName().toString(), names.subfolder(), UiItem.Root.OUTPUT, mediaType));
    }
}
