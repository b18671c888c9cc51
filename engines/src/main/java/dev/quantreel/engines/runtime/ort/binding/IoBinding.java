package dev.quantreel.engines.runtime.ort.binding;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// What a run of a session reads and writes, and where. Not thread-safe; closed before the session.
public final class IoBinding implements AutoCloseable {

    private final OrtApi api;
    private final long session;
    private final long handle;

    /// @param session handle, alive as long as this
    public IoBinding(OrtApi api, long session) {
        this.api = api;
        this.session = session;
        this.handle = api.make(OrtFunction.CREATE_IO_BINDING, session);
    }

    /// Takes a value as an input. One that lies elsewhere than the graph reads it is copied there now, others are not
    /// copied.
    public void input(String name, OrtValue value) {
        try (Arena arena = Arena.ofConfined()) {
            api.check(OrtFunction.BIND_INPUT, handle, arena.allocateFrom(name).address(), value.handle());
        }
    }

    /// Lets the run write an output into memory that is there already; its shape must be that of the result.
    public void output(String name, OrtValue value) {
        try (Arena arena = Arena.ofConfined()) {
            api.check(OrtFunction.BIND_OUTPUT, handle, arena.allocateFrom(name).address(), value.handle());
        }
    }

    /// Lets the run allocate an output in memory of a kind.
    public void output(String name, OrtMemory memory) {
        try (Arena arena = Arena.ofConfined()) {
            api.check(
                    OrtFunction.BIND_OUTPUT_TO_DEVICE,
                    handle,
                    arena.allocateFrom(name).address(),
                    memory.handle());
        }
    }

    /// Runs the session, from inputs that have arrived to outputs that are written. Outputs that were not bound are
    /// not kept.
    ///
    /// @throws OrtApiException when it fails or was stopped
    public void run(BoundRun run) {
        api.check(OrtFunction.SYNCHRONIZE_BOUND_INPUTS, handle);
        api.check(OrtFunction.RUN_WITH_BINDING, session, run.handle(), handle);
        api.check(OrtFunction.SYNCHRONIZE_BOUND_OUTPUTS, handle);
    }

    /// The outputs in the order in which they were bound; closed by the caller.
    public List<OrtValue> outputs() {
        long allocator = api.make(OrtFunction.GET_ALLOCATOR_WITH_DEFAULT_OPTIONS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(2L * Long.BYTES, Long.BYTES);
            api.check(
                    OrtFunction.GET_BOUND_OUTPUT_VALUES, handle, allocator, out.address(), out.address() + Long.BYTES);
            long array = out.get(ValueLayout.JAVA_LONG, 0);
            int count = (int) out.get(ValueLayout.JAVA_LONG, Long.BYTES);
            List<OrtValue> values = new ArrayList<>();
            if (count > 0) {
                MemorySegment handles = MemorySegment.ofAddress(array).reinterpret((long) count * Long.BYTES);
                for (int i = 0; i < count; i++) {
                    values.add(new OrtValue(api, handles.getAtIndex(ValueLayout.JAVA_LONG, i)));
                }
                api.check(OrtFunction.ALLOCATOR_FREE, allocator, array);
            }
            return values;
        }
    }

    @Override
    public void close() {
        api.release(OrtFunction.RELEASE_IO_BINDING, handle);
    }
}
