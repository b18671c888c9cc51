package dev.quantreel.engines.tensor;

import org.jspecify.annotations.Nullable;

/// A checkpoint file cannot be read or written, whatever its format; the message begins with the file and names the
/// tensor where one is meant.
public class CheckpointException extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    private final String file;
    private final boolean foreign;

    public CheckpointException(String file, String message) {
        this(file, message, null);
    }

    public CheckpointException(String file, String message, @Nullable Throwable cause) {
        this(file, message, cause, false);
    }

    /// @param foreign see [#isForeign]
    protected CheckpointException(String file, String message, @Nullable Throwable cause, boolean foreign) {
        super(file + ": " + message, cause);
        this.file = file;
        this.foreign = foreign;
    }

    /// @param tensor name as the file has it
    public static CheckpointException ofTensor(String file, String tensor, String message) {
        return new CheckpointException(file, inTensor(tensor, message));
    }

    /// As [#ofTensor], of a file that is not damaged, see [#isForeign].
    public static CheckpointException foreign(String file, String tensor, String message) {
        return new CheckpointException(file, inTensor(tensor, message), null, true);
    }

    private static String inTensor(String tensor, String message) {
        return "tensor '" + abbreviated(tensor) + "': " + message;
    }

    /// File name as the user gave it.
    public String file() {
        return file;
    }

    /// Whether the file may be whole, but is in a form that is not read: a pickle, the packing of another tool, an
    /// unknown type of GGUF. Otherwise it is damaged, incomplete or not there.
    public boolean isForeign() {
        return foreign;
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
