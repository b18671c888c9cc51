package dev.quantreel.engines.safetensors;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/// Recognizes files that are often taken for safetensors, to say what they are instead of "bad header length".
final class FileKind {

    private static final Set<String> PICKLE_EXTENSIONS = Set.of("ckpt", "pt", "pth", "bin", "pkl", "pickle");
    private static final String PICKLE_REASON =
            " holds a Python pickle, which can run arbitrary code when it is read; it is refused."
                    + " Convert it to safetensors where you trust it";

    private FileKind() {}

    /// @throws SafetensorsException when name or first bytes show another format
    static void requireSafetensors(String file, MemorySegment content) {
        String extension = extension(file);
        if (PICKLE_EXTENSIONS.contains(extension)) {
            throw SafetensorsException.foreign(file, "a ." + extension + " file" + PICKLE_REASON);
        }
        if (startsWith(content, 'P', 'K', 3, 4)) {
            throw SafetensorsException.foreign(file, "a zip archive, as torch.save writes it," + PICKLE_REASON);
        }
        if (isPickle(content)) {
            throw SafetensorsException.foreign(file, "this file" + PICKLE_REASON);
        }
        if (startsWith(content, 'G', 'G', 'U', 'F')) {
            throw new SafetensorsException(
                    file, "this is a GGUF file under another name; open it through the checkpoint reader");
        }
        String head = head(content);
        if (head.startsWith("version https://git-lfs")) {
            throw new SafetensorsException(
                    file, "this is a Git LFS pointer, not the checkpoint; fetch the file itself (git lfs pull)");
        }
        if (head.startsWith("<!doctype") || head.startsWith("<html") || head.startsWith("<?xml")) {
            throw new SafetensorsException(file, "this is a web page, not a checkpoint; the download went wrong");
        }
    }

    /// Pickle protocols 2 to 5 begin with 0x80 and the protocol; a length of that form would be over the header limit
    /// only by its upper bytes, which hold opcodes.
    private static boolean isPickle(MemorySegment content) {
        if (content.byteSize() < 3 || content.get(ValueLayout.JAVA_BYTE, 0) != (byte) 0x80) {
            return false;
        }
        int protocol = content.get(ValueLayout.JAVA_BYTE, 1);
        boolean jsonFollows = content.byteSize() > 8 && content.get(ValueLayout.JAVA_BYTE, 8) == '{';
        return protocol >= 2 && protocol <= 5 && !jsonFollows;
    }

    private static boolean startsWith(MemorySegment content, int... bytes) {
        if (content.byteSize() < bytes.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if (content.get(ValueLayout.JAVA_BYTE, i) != (byte) bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static String head(MemorySegment content) {
        byte[] bytes = content.asSlice(0, Math.min(32, content.byteSize())).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.ISO_8859_1).strip().toLowerCase(Locale.ROOT);
    }

    private static String extension(String file) {
        return file.substring(file.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
