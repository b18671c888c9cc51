package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.rotation.SignedBlocks;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A rotation's signed factors and, where it permutes, its order, in GPU memory. Owns that memory.
public final class DeviceRotation implements AutoCloseable {

    private final SignedBlocks blocks;
    private final DeviceMemory factors;
    private final @Nullable DeviceMemory sources;

    private DeviceRotation(SignedBlocks blocks, DeviceMemory factors, @Nullable DeviceMemory sources) {
        this.blocks = blocks;
        this.factors = factors;
        this.sources = sources;
    }

    /// Copies a rotation to the GPU.
    ///
    /// @param stream waits until the copy is done
    /// @throws IllegalArgumentException for rotations that the kernels do not have (regular matrices, and
    ///     orders that are no power of two)
    public static DeviceRotation upload(CudaStream stream, Rotation rotation) {
        SignedBlocks blocks = rotation.signedBlocks()
                .orElseThrow(() -> new IllegalArgumentException(
                        rotation + " has no kernel; block sizes that are powers of two, with signs, are accepted"));
        int width = blocks.width();
        RowGeometry.of(width);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, width);
            for (int i = 0; i < width; i++) {
                values.setAtIndex(ValueLayout.JAVA_FLOAT, i, blocks.isNegative(i) ? -blocks.factor() : blocks.factor());
            }
            DeviceMemory factors = upload(stream, values);
            try {
                DeviceMemory sources = blocks.isPermuted() ? upload(stream, sources(arena, blocks)) : null;
                stream.synchronize();
                return new DeviceRotation(blocks, factors, sources);
            } catch (RuntimeException e) {
                factors.close();
                throw e;
            }
        }
    }

    private static MemorySegment sources(Arena arena, SignedBlocks blocks) {
        MemorySegment sources = arena.allocate(ValueLayout.JAVA_INT, blocks.width());
        for (int i = 0; i < blocks.width(); i++) {
            sources.setAtIndex(ValueLayout.JAVA_INT, i, place(blocks.source(i)));
        }
        return sources;
    }

    /// Where a channel lies in shared memory, `placeOf` of the kernels.
    private static int place(int channel) {
        return channel ^ (channel >> 5 & 3) << 2;
    }

    private static DeviceMemory upload(CudaStream stream, MemorySegment host) {
        DeviceMemory memory = stream.allocate(host.byteSize());
        try {
            stream.upload(memory.span(), host);
            return memory;
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    public int width() {
        return blocks.width();
    }

    SignedBlocks blocks() {
        return blocks;
    }

    /// F32 `[width]`: `1 / sqrt(block)`, negative where the channel's sign is.
    DeviceSpan factors() {
        return factors.span();
    }

    Optional<DeviceSpan> sources() {
        return Optional.ofNullable(sources).map(DeviceMemory::span);
    }

    /// Whether a row goes through shared memory: for permutations and blocks of more than a warp's channels.
    boolean needsStaging() {
        return blocks.isPermuted() || blocks.blockSize() > 32 * RowGeometry.CHUNK;
    }

    @Override
    public void close() {
        factors.close();
        if (sources != null) {
            sources.close();
        }
    }
}
