package dev.quantreel.engines.safetensors;

import org.jspecify.annotations.Nullable;

/// A checkpoint file cannot be read or written; the message begins with the file and names the tensor where one is
// meant.
public final class SafetensorsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String file;

    SafetensorsException(String file, String message) {
        this(file, message, null);
    }

    SafetensorsException(String file, String message, @Nullable Throwable cause) {
        super(file + ": " + message, cause);
        this.file = file;
    }

    static SafetensorsException ofTensor(String file, String tensor, String message) {
        return new SafetensorsException(file, "tensor '" + abbreviated(tensor) + "': " + message);
    }

    /// File name as the user gave it.
    public String file() {
        return file;
    }

    /// Text from a hostile file, made short and printable.
    static String abbreviated(String text) {
        String head = text.length() > 200 ? text.substring(0, 200) + "..." : text;
        StringBuilder printable = new StringBuilder(head.length());
        head.codePoints().forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                printable.append('?');
            } else {
                printable.appendCodePoint(c);
            }
        });
        return printable.toString();
    }
}
