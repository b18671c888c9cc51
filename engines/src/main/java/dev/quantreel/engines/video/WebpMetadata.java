package dev.quantreel.engines.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Texts in a WebP's EXIF chunk as ComfyUI writes them: ASCII tags of IFD0 going down from Model (0x0110), each
/// `key:text`, `prompt` first, then `workflow` in Make (0x010F).
final class WebpMetadata {

    private static final int FIRST_TAG = 0x0110;
    private static final int TYPE_ASCII = 2;
    private static final int RIFF_HEADER_BYTES = 12;
    private static final int EXIF_FLAG = 0x08;

    private WebpMetadata() {}

    /// Appends the EXIF chunk to a finished WebP and announces it in the header.
    static void embed(SeekableByteChannel channel, Map<String, String> metadata) throws IOException {
        if (metadata.isEmpty()) {
            return;
        }
        ByteBuffer first = read(channel, RIFF_HEADER_BYTES, 18);
        if (!fourCc(first, 0).equals("VP8X")) {
            insertExtendedHeader(channel, first);
            first = read(channel, RIFF_HEADER_BYTES, 18);
        }
        channel.position(RIFF_HEADER_BYTES + 8);
        PngFile.writeFully(channel, ByteBuffer.wrap(new byte[] {(byte) (first.get(8) | EXIF_FLAG)}));
        byte[] exif = exif(metadata);
        channel.position(channel.size());
        ByteBuffer chunk =
                ByteBuffer.allocate(8 + exif.length + (exif.length & 1)).order(ByteOrder.LITTLE_ENDIAN);
        chunk.put("EXIF".getBytes(StandardCharsets.US_ASCII))
                .putInt(exif.length)
                .put(exif)
                .rewind();
        PngFile.writeFully(channel, chunk);
        writeRiffSize(channel);
    }

    /// A still picture has no VP8X chunk: puts one in front, with the size read from the lossy or lossless bitstream.
    private static void insertExtendedHeader(SeekableByteChannel channel, ByteBuffer first) throws IOException {
        int width;
        int height;
        if (fourCc(first, 0).equals("VP8L")) {
            int bits = first.getInt(9);
            width = (bits & 0x3FFF) + 1;
            height = ((bits >> 14) & 0x3FFF) + 1;
        } else {
            ByteBuffer lossy = read(channel, RIFF_HEADER_BYTES + 14, 4);
            width = lossy.getShort(0) & 0x3FFF;
            height = lossy.getShort(2) & 0x3FFF;
        }
        ByteBuffer rest = read(channel, RIFF_HEADER_BYTES, Math.toIntExact(channel.size() - RIFF_HEADER_BYTES));
        ByteBuffer header = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
        header.put("VP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).putInt(0);
        header.putShort((short) (width - 1)).put((byte) ((width - 1) >> 16));
        header.putShort((short) (height - 1)).put((byte) ((height - 1) >> 16)).flip();
        channel.position(RIFF_HEADER_BYTES);
        PngFile.writeFully(channel, header);
        PngFile.writeFully(channel, rest);
        writeRiffSize(channel);
    }

    private static void writeRiffSize(SeekableByteChannel channel) throws IOException {
        ByteBuffer size = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        size.putInt(0, Math.toIntExact(channel.size() - 8));
        channel.position(4);
        PngFile.writeFully(channel, size);
    }

    private static ByteBuffer read(SeekableByteChannel channel, long position, int sizeBytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
        channel.position(position);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
        return buffer.flip();
    }

    private static String fourCc(ByteBuffer buffer, int offset) {
        byte[] name = new byte[4];
        buffer.get(offset, name);
        return new String(name, StandardCharsets.US_ASCII);
    }

    /// A little-endian TIFF structure with one directory of ASCII tags, sorted by tag as TIFF wants.
    private static byte[] exif(Map<String, String> metadata) {
        List<byte[]> texts = new ArrayList<>();
        metadata.forEach((key, text) -> texts.addFirst((key + ":" + text + '\0').getBytes(StandardCharsets.UTF_8)));
        int directoryBytes = 8 + 2 + 12 * texts.size() + 4;
        int total =
                directoryBytes + texts.stream().mapToInt(text -> text.length).sum();
        ByteBuffer tiff = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) texts.size());
        int offset = directoryBytes;
        int tag = FIRST_TAG - texts.size() + 1;
        for (byte[] text : texts) {
            tiff.putShort((short) tag++)
                    .putShort((short) TYPE_ASCII)
                    .putInt(text.length)
                    .putInt(offset);
            offset += text.length;
        }
        tiff.putInt(0);
        texts.forEach(tiff::put);
        return tiff.array();
    }

    /// The texts of a WebP's EXIF chunk, highest tag first.
    static Map<String, String> metadata(ByteBuffer file) {
        ByteBuffer riff = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int offset = RIFF_HEADER_BYTES;
        while (offset + 8 <= riff.limit()) {
            int size = riff.getInt(offset + 4);
            if (size < 0 || size > riff.limit() - offset - 8) {
                break;
            }
            if (fourCc(riff, offset).equals("EXIF")) {
                return tags(riff.slice(offset + 8, size));
            }
            offset += 8 + size + (size & 1);
        }
        return Map.of();
    }

    private static Map<String, String> tags(ByteBuffer exif) {
        ByteBuffer tiff = exif.limit() > 6 && fourCc(exif, 0).equals("Exif") ? exif.slice(6, exif.limit() - 6) : exif;
        if (tiff.limit() < 14) {
            return Map.of();
        }
        tiff.order(tiff.get(0) == 'M' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        List<String> texts = new ArrayList<>();
        int directory = tiff.getInt(4);
        int count = directory >= 8 && directory + 2 <= tiff.limit() ? tiff.getShort(directory) & 0xFFFF : 0;
        for (int i = 0; i < count && directory + 14 + 12 * i <= tiff.limit(); i++) {
            int entry = directory + 2 + 12 * i;
            int size = tiff.getInt(entry + 4);
            int offset = tiff.getInt(entry + 8);
            boolean inside = size > 4 && offset >= 0 && offset <= tiff.limit() - size;
            if (tiff.getShort(entry + 2) == TYPE_ASCII && inside) {
                byte[] text = new byte[size - 1];
                tiff.get(offset, text);
                texts.addFirst(new String(text, StandardCharsets.UTF_8));
            }
        }
        Map<String, String> found = new LinkedHashMap<>();
        for (String text : texts) {
            int colon = text.indexOf(':');
            if (colon > 0) {
                found.put(text.substring(0, colon), text.substring(colon + 1));
            }
        }
        return found;
    }
}
