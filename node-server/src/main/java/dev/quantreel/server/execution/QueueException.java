package dev.quantreel.server.execution;

/// A request is not taken into the queue.
public final class QueueException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /// Why not.
    public enum Reason {
        DUPLICATE,
        FULL,
        CLOSED
    }

    QueueException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
