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

/// A rotation's signs (a bit for each channel) and, where it permutes, its order, in GPU memory. Owns that memory.
public final class DeviceRotation implements AutoCloseable {

    private final SignedBlocks blocks;
    private final DeviceMemory signs;
    private final @Nullable DeviceMemory sources;

    private DeviceRotation(SignedBlocks blocks, DeviceMemory signs, @Nullable DeviceMemory sources) {
        this.blocks = blocks;
        this.signs = signs;
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
            MemorySegment bits = arena.allocate(ValueLayout.JAVA_INT, Math.ceilDiv(width, Integer.SIZE));
            for (int i = 0; i < width; i++) {
                if (blocks.isNegative(i)) {
                    int word = i / Integer.SIZE;
                    bits.setAtIndex(ValueLayout.JAVA_INT, word, bits.getAtIndex(ValueLayout.JAVA_INT, word) | 1 << i);
                }
            }
            DeviceMemory signs = upload(stream, bits);
            DeviceMemory sources = blocks.isPermuted() ? upload(stream, sources(arena, blocks)) : null;
            stream.synchronize();
            return new DeviceRotation(blocks, signs, sources);
        }
    }

    private static MemorySegment sources(Arena arena, SignedBlocks blocks) {
        MemorySegment sources = arena.allocate(ValueLayout.JAVA_INT, blocks.width());
        for (int i = 0; i < blocks.width(); i++) {
            sources.setAtIndex(ValueLayout.JAVA_INT, i, blocks.source(i));
        }
        return sources;
    }

    private static DeviceMemory upload(CudaStream stream, MemorySegment host) {
        DeviceMemory memory = stream.allocate(host.byteSize());
        stream.upload(memory.span(), host);
        return memory;
    }

    public int width() {
        return blocks.width();
    }

    SignedBlocks blocks() {
        return blocks;
    }

    DeviceSpan signs() {
        return signs.span();
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
        signs.close();
        if (sources != null) {
            sources.close();
        }
    }
}
