package dev.quantreel.engines.runtime.cuda.simulator;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Java arrays on a GPU and back, for tests. Owns what it allocated.
public final class DeviceArrays implements AutoCloseable {

    private final CudaContext context;
    private final CudaStream stream;
    private final List<DeviceMemory> allocated = new ArrayList<>();

    public DeviceArrays(CudaContext context) {
        this.context = context;
        this.stream = context.defaultStream();
    }

    /// Memory of this size; the simulator fills it with bytes of 0xFF.
    public DeviceMemory empty(long bytes) {
        DeviceMemory memory = context.allocate(bytes);
        allocated.add(memory);
        return memory;
    }

    public DeviceMemory of(float... values) {
        return upload(MemorySegment.ofArray(values));
    }

    public DeviceMemory of(int... values) {
        return upload(MemorySegment.ofArray(values));
    }

    public DeviceMemory of(short... values) {
        return upload(MemorySegment.ofArray(values));
    }

    public DeviceMemory of(byte... values) {
        return upload(MemorySegment.ofArray(values));
    }

    private DeviceMemory upload(MemorySegment array) {
        DeviceMemory memory = empty(array.byteSize());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(array.byteSize(), 16);
            host.copyFrom(array);
            stream.upload(memory.span(), host);
            stream.synchronize();
        }
        return memory;
    }

    public float[] floats(DeviceMemory memory) {
        return download(memory).toArray(ValueLayout.JAVA_FLOAT);
    }

    public int[] ints(DeviceMemory memory) {
        return download(memory).toArray(ValueLayout.JAVA_INT);
    }

    public short[] shorts(DeviceMemory memory) {
        return download(memory).toArray(ValueLayout.JAVA_SHORT);
    }

    public byte[] bytes(DeviceMemory memory) {
        return download(memory).toArray(ValueLayout.JAVA_BYTE);
    }

    private MemorySegment download(DeviceMemory memory) {
        MemorySegment copy = MemorySegment.ofArray(new long[Math.ceilDiv((int) memory.sizeBytes(), Long.BYTES)])
                .asSlice(0, memory.sizeBytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(memory.sizeBytes(), 16);
            stream.download(host, memory.span());
            stream.synchronize();
            copy.copyFrom(host);
        }
        return copy;
    }

    @Override
    public void close() {
        allocated.forEach(DeviceMemory::close);
        stream.synchronize();
    }
}
