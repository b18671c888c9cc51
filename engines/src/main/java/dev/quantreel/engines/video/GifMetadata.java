package dev.quantreel.engines.video;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// Texts in GIF89a comment extensions, one per key, as `key:text` in UTF-8.
final class GifMetadata {

    private static final int TRAILER = 0x3B;
    private static final int EXTENSION = 0x21;
    private static final int COMMENT = 0xFE;
    private static final int IMAGE = 0x2C;

    private GifMetadata() {}

    /// Puts the comments in front of the trailer, the last byte of a finished GIF.
    static void embed(SeekableByteChannel channel, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream blocks = new ByteArrayOutputStream();
        metadata.forEach((key, text) -> {
            blocks.write(EXTENSION);
            blocks.write(COMMENT);
            byte[] bytes = (key + ":" + text).getBytes(StandardCharsets.UTF_8);
            for (int offset = 0; offset < bytes.length; offset += 255) {
                int size = Math.min(255, bytes.length - offset);
                blocks.write(size);
                blocks.write(bytes, offset, size);
            }
            blocks.write(0);
        });
        blocks.write(TRAILER);
        channel.position(channel.size() - 1);
        PngFile.writeFully(channel, ByteBuffer.wrap(blocks.toByteArray()));
    }

    /// The comments of a GIF; unknown or broken blocks end the search.
    static Map<String, String> metadata(ByteBuffer file) {
        Map<String, String> found = new LinkedHashMap<>();
        int offset = 13 + colourTableBytes(file.get(10));
        while (offset + 2 < file.limit()) {
            int block = file.get(offset) & 0xFF;
            if (block == EXTENSION) {
                ByteArrayOutputStream data = new ByteArrayOutputStream();
                boolean comment = (file.get(offset + 1) & 0xFF) == COMMENT;
                offset = subBlocks(file, offset + 2, data);
                if (comment) {
                    add(found, data.toString(StandardCharsets.UTF_8));
                }
            } else if (block == IMAGE && offset + 11 < file.limit()) {
                int local = colourTableBytes(file.get(offset + 9));
                offset = subBlocks(file, offset + 11 + local, new ByteArrayOutputStream());
            } else {
                return found;
            }
        }
        return found;
    }

    private static int colourTableBytes(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    /// Collects sub-blocks from `offset` and returns the offset behind their terminator.
    private static int subBlocks(ByteBuffer file, int offset, ByteArrayOutputStream data) {
        while (offset < file.limit()) {
            int size = file.get(offset) & 0xFF;
            if (size == 0 || offset + 1 + size > file.limit()) {
                return size == 0 ? offset + 1 : file.limit();
            }
            byte[] bytes = new byte[size];
            file.get(offset + 1, bytes);
            data.writeBytes(bytes);
            offset += 1 + size;
        }
        return offset;
    }

    private static void add(Map<String, String> found, String comment) {
        int colon = comment.indexOf(':');
        if (colon > 0) {
            found.put(comment.substring(0, colon), comment.substring(colon + 1));
        }
    }
}
