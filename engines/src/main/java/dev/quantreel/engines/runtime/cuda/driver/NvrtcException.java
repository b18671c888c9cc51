package dev.quantreel.engines.runtime.cuda.driver;

/// NVRTC refused a source or failed.
public final class NvrtcException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int code;
    private final String log;

    NvrtcException(String message, int code, String log) {
        super(log.isBlank() ? message : message + System.lineSeparator() + log.strip());
        this.code = code;
        this.log = log;
    }

    /// Value of `nvrtcResult`.
    public int code() {
        return code;
    }

    /// The compiler's messages; empty where it has none.
    public String log() {
        return log;
    }
}
