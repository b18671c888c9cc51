package dev.quantreel.engines.runtime.ort.binding;

import java.lang.foreign.Arena;

/// How one run goes: its entries, and a flag that stops it. Thread-safe; closed when the run has ended.
public final class BoundRun implements AutoCloseable {

    private final OrtApi api;
    private final long handle;
    private boolean closed;

    public BoundRun(OrtApi api) {
        this.api = api;
        this.handle = api.make(OrtFunction.CREATE_RUN_OPTIONS);
    }

    /// Sets one of ONNX Runtime's `run config keys`.
    public void set(String key, String value) {
        try (Arena arena = Arena.ofConfined()) {
            api.check(
                    OrtFunction.ADD_RUN_CONFIG_ENTRY,
                    handle,
                    arena.allocateFrom(key).address(),
                    arena.allocateFrom(value).address());
        }
    }

    /// Stops the run before its next operator; does nothing once the run has ended.
    public synchronized void terminate() {
        if (!closed) {
            api.check(OrtFunction.RUN_OPTIONS_SET_TERMINATE, handle);
        }
    }

    long handle() {
        return handle;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            api.release(OrtFunction.RELEASE_RUN_OPTIONS, handle);
        }
    }
}
