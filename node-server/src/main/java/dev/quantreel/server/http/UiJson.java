package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.server.workflow.Json;
import java.util.List;
import java.util.Locale;

/// ComfyUI's `ui` dictionary: what a finished node shows. Every value is a list.
final class UiJson {

    private UiJson() {}

    static ObjectNode of(List<UiItem> items) {
        ObjectNode json = Json.object();
        boolean animated = false;
        for (UiItem item : items) {
            switch (item) {
                case UiItem.Text(String text) -> json.withArrayProperty("text").add(text);
                case UiItem.FileItem file -> {
                    json.withArrayProperty(file.kind().name().toLowerCase(Locale.ROOT))
                            .add(file(file));
                    animated |= isAnimated(file);
                }
            }
        }
        if (animated) {
            ArrayNode flags = json.putArray("animated");
            flags.add(true);
        }
        return json;
    }

    static ObjectNode file(UiItem.FileItem file) {
        return Json.object()
                .put("filename", file.filename())
                .put("subfolder", file.subfolder())
                .put("type", file.root().name().toLowerCase(Locale.ROOT))
                .put("format", file.mediaType());
    }

    private static boolean isAnimated(UiItem.FileItem file) {
        return file.kind() != UiItem.Kind.FILES
                && (file.mediaType().equals("image/gif") || file.mediaType().equals("image/webp"));
    }
}
