package dev.quantreel.engines.runtime.cuda.driver;

/// A native library could not be loaded, or lacks a function that was asked for.
public final class NativeLibraryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String library;
    private final String reason;
    private final boolean absent;

    /// @param library name or path as it was asked for
    /// @param reason the loader's or the library's own text
    /// @param absent whether there is no such file; false when it is there and does not serve
    NativeLibraryException(String library, String reason, boolean absent) {
        super(library + ": " + reason);
        this.library = library;
        this.reason = reason;
        this.absent = absent;
    }

    /// Name or path as it was asked for.
    public String library() {
        return library;
    }

    /// What the loader said, for example `cannot open shared object file: No such file or directory`.
    public String reason() {
        return reason;
    }

    /// Whether there is no such file; false when it is there and does not serve, for example because a library
    /// that it needs is missing.
    public boolean absent() {
        return absent;
    }
}
