package dev.quantreel.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.server.workflow.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Binary messages of the WebSocket: big-endian, the kind in the first four bytes.
final class BinaryFrames {

    private static final int PREVIEW = 1;
    private static final int TEXT = 3;
    private static final int PREVIEW_WITH_METADATA = 4;
    private static final int JPEG = 1;

    private BinaryFrames() {}

    static byte[] preview(byte[] jpeg) {
        return ByteBuffer.allocate(8 + jpeg.length)
                .putInt(PREVIEW)
                .putInt(JPEG)
                .put(jpeg)
                .array();
    }

    static byte[] previewWithMetadata(String promptId, String nodeId, byte[] jpeg) {
        ObjectNode metadata = Json.object()
                .put("node_id", nodeId)
                .put("prompt_id", promptId)
                .put("display_node_id", nodeId)
                .putNull("parent_node_id")
                .put("real_node_id", nodeId)
                .put("image_type", "image/jpeg");
        byte[] json = Json.write(metadata).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + jpeg.length)
                .putInt(PREVIEW_WITH_METADATA)
                .putInt(json.length)
                .put(json)
                .put(jpeg)
                .array();
    }

    static byte[] text(String nodeId, String text) {
        byte[] node = nodeId.getBytes(StandardCharsets.UTF_8);
        byte[] words = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + node.length + words.length)
                .putInt(TEXT)
                .putInt(node.length)
                .put(node)
                .put(words)
                .array();
    }
}
