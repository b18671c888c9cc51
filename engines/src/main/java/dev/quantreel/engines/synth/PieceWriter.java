package dev.quantreel.engines.synth;

import dev.quantreel.engines.internal.kernel.ConversionKernels;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
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
import java.util.function.LongConsumer;

/// Generates the tensors of a file on all processors, in pieces of about a megabyte, and writes each where it
/// belongs.
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
        try {
            ParallelPieces.of(cancellation)
                    .run(
                            pieces.size(),
                            Buffers::new,
                            (i, buffers) -> written.accept(write(channel, pieces.get(i), buffers)));
        } catch (UncheckedIOException e) {
            throw e.getCause();
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
    private static final class Buffers implements ParallelPieces.Memory {

        private final Arena arena = Arena.ofConfined();
        private float[] floats = new float[PIECE_ELEMENTS];
        private MemorySegment bytes = arena.allocate(4L * PIECE_ELEMENTS, 64);

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

        @Override
        public void close() {
            arena.close();
        }
    }
}
