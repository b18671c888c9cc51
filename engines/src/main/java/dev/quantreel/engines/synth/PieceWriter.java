package dev.quantreel.engines.synth;

import dev.quantreel.engines.internal.kernel.ConversionKernels;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsHeader;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/// Generates the tensors of a file on all processors, in pieces of about a megabyte, and writes each where it belongs.
/// Memory does not grow with the file.
///
/// @param header where the tensors lie
/// @param tensors what is written
/// @param weights the numbers
record PieceWriter(SafetensorsHeader header, List<FusedTensor> tensors, SyntheticWeights weights) {

    private static final int PIECE_ELEMENTS = 1 << 18;

    /// Some rows of a tensor; a vector is one row.
    private record Piece(FusedTensor tensor, long fromRow, int rows) {}

    void write(FileChannel channel, LongConsumer written, CancellationToken cancellation) throws IOException {
        List<Piece> pieces =
                tensors.stream().flatMap(tensor -> cut(tensor).stream()).toList();
        AtomicInteger next = new AtomicInteger();
        Runnable worker = () -> {
            try (Arena arena = Arena.ofConfined()) {
                Buffers buffers = new Buffers(arena);
                for (int i = next.getAndIncrement(); i < pieces.size(); i = next.getAndIncrement()) {
                    cancellation.throwIfCancelled();
                    written.accept(write(channel, pieces.get(i), buffers));
                }
            }
        };
        int threads = Runtime.getRuntime().availableProcessors();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                futures.add(executor.submit(worker));
            }
            for (Future<?> future : futures) {
                await(future);
            }
        }
    }

    private static void await(Future<?> future) throws IOException {
        try {
            future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case UncheckedIOException failure -> throw failure.getCause();
                case RuntimeException failure -> throw failure;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private static long rowElements(FusedTensor tensor) {
        Shape shape = tensor.shape();
        return shape.rank() < 2 ? shape.elements() : shape.elements() / shape.dim(0);
    }

    private static List<Piece> cut(FusedTensor tensor) {
        if (tensor.shape().rank() < 2) {
            return List.of(new Piece(tensor, 0, tensor.parts().size()));
        }
        int step = (int) Math.max(1, PIECE_ELEMENTS / rowElements(tensor));
        List<Piece> pieces = new ArrayList<>();
        for (long row = 0; row < tensor.shape().dim(0); row += step) {
            pieces.add(
                    new Piece(tensor, row, (int) Math.min(step, tensor.shape().dim(0) - row)));
        }
        return pieces;
    }

    /// @return bytes written
    private long write(FileChannel channel, Piece piece, Buffers buffers) {
        FusedTensor tensor = piece.tensor();
        boolean vector = tensor.shape().rank() < 2;
        int elements = Math.toIntExact(vector ? tensor.shape().elements() : piece.rows() * rowElements(tensor));
        SafetensorsHeader.Entry entry = Objects.requireNonNull(header.entries().get(tensor.name()));
        float[] values = buffers.floats(elements);
        weights.fill(tensor, piece.fromRow(), piece.rows(), values);
        MemorySegment bytes = buffers.bytes(entry.dtype().byteSize(elements));
        convert(entry.dtype(), MemorySegment.ofArray(values).asSlice(0, 4L * elements), bytes);
        long position = header.dataOffsetBytes()
                + entry.beginBytes()
                + entry.dtype().byteSize(piece.fromRow() * rowElements(tensor));
        try {
            ByteBuffer buffer = bytes.asByteBuffer();
            while (buffer.hasRemaining()) {
                position += channel.write(buffer, position);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.byteSize();
    }

    private static void convert(DType dtype, MemorySegment floats, MemorySegment bytes) {
        ConversionKernels kernels = ConversionKernels.best();
        switch (dtype) {
            case F32 -> bytes.copyFrom(floats);
            case F16 -> kernels.f32ToF16(floats, bytes);
            case BF16 -> kernels.f32ToBf16(floats, bytes);
            case F8_E4M3 -> kernels.f32ToE4m3(floats, bytes);
            default -> throw new IllegalArgumentException("weights are not generated as " + dtype);
        }
    }

    /// A worker's own memory, as large as the largest piece so far.
    private static final class Buffers {

        private final Arena arena;
        private float[] floats = new float[PIECE_ELEMENTS];
        private MemorySegment bytes;

        Buffers(Arena arena) {
            this.arena = arena;
            this.bytes = arena.allocate(4L * PIECE_ELEMENTS, 64);
        }

        float[] floats(int elements) {
            if (elements > floats.length) {
                floats = new float[elements];
            }
            return floats;
        }

        MemorySegment bytes(long size) {
            if (size > bytes.byteSize()) {
                bytes = arena.allocate(size, 64);
            }
            return bytes.asSlice(0, size);
        }
    }
}
