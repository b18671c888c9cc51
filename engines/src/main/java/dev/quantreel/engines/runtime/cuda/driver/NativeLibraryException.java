package dev.quantreel.engines.runtime.cuda.driver;

/// A native library could not be loaded, or lacks a function that was asked for.
public final class NativeLibraryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String library;
    private final String reason;

    /// @param library name or path as it was asked for
    /// @param reason the loader's own text
    public NativeLibraryException(String library, String reason) {
        super(library + ": " + reason);
        this.library = library;
        this.reason = reason;
    }

    /// Name or path as it was asked for.
    public String library() {
        return library;
    }

    /// What the loader said, for example `cannot open shared object file: No such file or directory`.
    public String reason() {
        return reason;
    }
}
