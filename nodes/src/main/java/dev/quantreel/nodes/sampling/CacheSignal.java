package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.StepCache.Watched;

/// Signals that TeaCache can watch.
public enum CacheSignal {
    /// "e" in Wan's code.
    TIME_EMBEDDING("time embedding", Watched.TIME_EMBEDDING),
    /// "e0" in Wan's code.
    TIME_PROJECTION("time projection", Watched.TIME_PROJECTION),
    /// Input of the first block.
    MODULATED_INPUT("modulated input", Watched.MODULATED_INPUT);

    private final String label;
    private final Watched watched;

    CacheSignal(String label, Watched watched) {
        this.label = label;
        this.watched = watched;
    }

    /// The same in the words of a cache.
    public Watched watched() {
        return watched;
    }

    @Override
    public String toString() {
        return label;
    }
}
