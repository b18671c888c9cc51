package dev.quantreel.engines.video;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// Collects a clip of any length in a mapped temporary file, 16 bits per value (6 bytes per pixel), so that it lies
/// neither on the heap nor in memory that cannot be paged out. Its frames are read back one by one.
///
/// The file has no name any more once it is mapped (on Windows it keeps its name until the program ends); its
/// space is
/// given back when the frames are garbage. Values are shares of [0, 1] in steps of 1 / 65535, so that tiles blend
/// without
/// visible rounding.
public final class FrameSpool implements PictureSink {

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path folder;
    private @Nullable Tensor rgb;

    /// @param folder where the file goes; made when missing
    public FrameSpool(Path folder) {
        this.folder = folder;
    }

    /// @throws UncheckedIOException when the file cannot be made, for example because the disk is full; names the
    /// folder
    /// and the bytes needed
    @Override
    public void begin(int count, int height, int width) {
        Shape shape = Shape.of(count, height, width, PictureRows.CHANNELS);
        long bytes = DType.U16.byteSize(shape.elements());
        try {
            Files.createDirectories(folder);
            rgb = new Tensor(DType.U16, shape, mapped(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot make room for " + bytes + " bytes of decoded frames in " + folder + ": " + e.getMessage(),
                    e);
        }
    }

    @SuppressWarnings("MustBeClosedChecker")
    private MemorySegment mapped(long bytes) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < bytes) {
            throw new FileSystemException(folder.toString(), null, "only " + free + " bytes are free");
        }
        Path file = Files.createTempFile(folder, "frames-", ".rgb48");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, Arena.ofAuto());
        } finally {
            if (!file.toFile().delete()) {
                file.toFile().deleteOnExit();
            }
        }
    }

    @Override
    public void add(Tensor part, int firstPicture, int firstRow, int firstColumn) {
        Tensor target = tensor();
        MemorySegment data = target.data();
        PictureRows.of(target, part, firstPicture, firstRow, firstColumn).forEach((at, values) -> {
            for (int i = 0; i < values.length; i++) {
                long offsetBytes = Short.BYTES * (at + i);
                int before = data.get(U16, offsetBytes) & 0xFFFF;
                int sum = before + Math.round(Frames.STEPS_16 * Math.clamp(values[i], 0f, 1f));
                data.set(U16, offsetBytes, (short) Math.min(sum, Frames.STEPS_16));
            }
        });
    }

    /// The clip; reading a frame maps its part of the file in.
    ///
    /// @throws IllegalStateException when it was never begun
    public Frames frames() {
        return new Frames(tensor());
    }

    private Tensor tensor() {
        if (rgb == null) {
            throw new IllegalStateException("no clip was begun");
        }
        return rgb;
    }
}
