package dev.quantreel.engines.sampling;

import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;

/// Where the time of an evaluation goes: each call books the time since the last one.
final class Stopwatch {

    private long last = System.nanoTime();
    private long prelude;
    private long trunk;
    private long head;
    private long sampler;

    void prelude() {
        prelude += lap();
    }

    void trunk() {
        trunk += lap();
    }

    void head() {
        head += lap();
    }

    void sampler() {
        sampler += lap();
    }

    Elapsed elapsed() {
        return new Elapsed(prelude, trunk, head, sampler);
    }

    private long lap() {
        long now = System.nanoTime();
        long elapsed = now - last;
        last = now;
        return elapsed;
    }
}
