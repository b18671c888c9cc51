package dev.quantreel.engines.tensor;

import org.jspecify.annotations.Nullable;

/// A checkpoint file cannot be read or written, whatever its format; the message begins with the file and names the
/// tensor where one is meant.
public class CheckpointException extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    private final String file;

    public CheckpointException(String file, String message) {
        this(file, message, null);
    }

    public CheckpointException(String file, String message, @Nullable Throwable cause) {
        super(file + ": " + message, cause);
        this.file = file;
    }

    /// @param tensor name as the file has it
    public static CheckpointException ofTensor(String file, String tensor, String message) {
        return new CheckpointException(file, "tensor '" + abbreviated(tensor) + "': " + message);
    }

    /// File name as the user gave it.
    public String file() {
        return file;
    }

    /// Text from a hostile file, made short and printable.
    public static String abbreviated(String text) {
        String head = text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text;
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
