package dev.quantreel.nodes.values;

/// What to do where the engine that is asked for cannot run.
public enum Otherwise {
    /// Says why, and what to install.
    STOP("stop"),
    /// As `auto` would.
    BEST("take the best available");

    private final String label;

    Otherwise(String label) {
        this.label = label;
    }

    @Override
    public String toString() {
        return label;
    }
}
