package dev.quantreel.engines.runtime.cuda.plan;

/// A stretch of device memory that a plan speaks of; where it lies is decided later. Compared by identity.
public final class Buffer {

    private final Kind kind;
    private final String name;
    private final long bytes;

    /// Whose memory it is.
    public enum Kind {
        /// A weight of the model, the same for all plans.
        WEIGHT,
        /// A small value that was known when the plan was made.
        CONSTANT,
        /// Everything that one run makes, graph inputs included.
        ARENA
    }

    public Buffer(Kind kind, String name, long bytes) {
        this.kind = kind;
        this.name = name;
        this.bytes = bytes;
    }

    public Kind kind() {
        return kind;
    }

    /// The value that made it necessary, for people; of a weight its name in the model.
    public String name() {
        return name;
    }

    public long bytes() {
        return bytes;
    }

    @Override
    public String toString() {
        return kind + " " + name + " (" + bytes + " bytes)";
    }
}
