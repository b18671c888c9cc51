package dev.quantreel.engines.video;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/// PNG (ISO/IEC 15948): writes 8-bit RGB with text chunks, reads text chunks.
final class PngFile {

    static final long SIGNATURE = 0x89504E470D0A1A0AL;
    private static final int FILTER_SUB = 1;

    private PngFile() {}

    static void write(Frames frames, int index, VideoOptions options, WritableByteChannel channel) throws IOException {
        int width = frames.width() * options.scale();
        int height = frames.height() * options.scale();
        writeFully(channel, ByteBuffer.allocate(8).putLong(0, SIGNATURE));
        // 8 bits, colour type 2 (RGB), standard compression and filters, not interlaced.
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height).put(new byte[] {8, 2, 0, 0, 0});
        chunk(channel, "IHDR", header.array());
        for (Map.Entry<String, String> entry : options.metadata().entrySet()) {
            String text = entry.getKey() + '\0' + escaped(entry.getValue());
            chunk(channel, "tEXt", text.getBytes(StandardCharsets.ISO_8859_1));
        }
        chunk(channel, "IDAT", deflated(frames, index, options.scale()));
        chunk(channel, "IEND", new byte[0]);
    }

    /// Text chunks hold Latin-1 only: other characters become `\\uXXXX`, which JSON reads back as the same character.
    private static String escaped(String json) {
        StringBuilder text = new StringBuilder(json.length());
        for (char c : json.toCharArray()) {
            if (c < 0x80) {
                text.append(c);
            } else {
                text.append(String.format("\\u%04x", (int) c));
            }
        }
        return text.toString();
    }

    private static byte[] deflated(Frames frames, int index, int scale) throws IOException {
        byte[] rgb = frames.rgb24(index);
        int width = frames.width();
        byte[] row = new byte[1 + width * scale * 3];
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, deflater)) {
            for (int y = 0; y < frames.height() * scale; y++) {
                filterRow(rgb, (y / scale) * width * 3, scale, row);
                out.write(row);
            }
        } finally {
            deflater.end();
        }
        return bytes.toByteArray();
    }

    private static void filterRow(byte[] rgb, int offset, int scale, byte[] row) {
        row[0] = FILTER_SUB;
        for (int i = 1; i < row.length; i++) {
            int channel = (i - 1) % 3;
            int x = (i - 1) / 3;
            int left = x == 0 ? 0 : rgb[offset + ((x - 1) / scale) * 3 + channel];
            row[i] = (byte) (rgb[offset + (x / scale) * 3 + channel] - left);
        }
    }

    private static void chunk(WritableByteChannel channel, String type, byte[] data) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        ByteBuffer bytes = ByteBuffer.allocate(12 + data.length);
        bytes.putInt(data.length)
                .put(name)
                .put(data)
                .putInt((int) crc.getValue())
                .flip();
        writeFully(channel, bytes);
    }

    static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// The text chunks (`tEXt`, uncompressed `iTXt`) of a PNG.
    static Map<String, String> metadata(ByteBuffer file) {
        Map<String, String> found = new LinkedHashMap<>();
        int offset = 8;
        while (offset + 12 <= file.limit()) {
            int size = file.getInt(offset);
            if (size < 0 || size > file.limit() - offset - 12) {
                return found;
            }
            int type = file.getInt(offset + 4);
            byte[] data = new byte[size];
            file.get(offset + 8, data);
            if (type == 0x74455874) {
                addText(found, data);
            } else if (type == 0x69545874) {
                addInternational(found, data);
            }
            offset += 12 + size;
        }
        return found;
    }

    private static void addText(Map<String, String> found, byte[] data) {
        String text = new String(data, StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\0');
        if (end > 0) {
            found.put(text.substring(0, end), text.substring(end + 1));
        }
    }

    private static void addInternational(Map<String, String> found, byte[] data) {
        String[] parts = new String(data, StandardCharsets.UTF_8).split("\0", 5);
        boolean compressed = parts.length > 1 && parts[1].startsWith("\u0001");
        if (parts.length == 5 && !compressed) {
            found.put(parts[0], parts[4]);
        }
    }
}
