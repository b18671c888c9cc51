package dev.quantreel.engines.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {

    private final Path folder;

    SafetensorsFileTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        Checkpoint written = sample(1f);
        Path path = folder.resolve("new/folder/model.safetensors");
        SafetensorsWriter.write(path, written);

        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.names()).containsExactlyInAnyOrderElementsOf(written.names());
            for (String name : written.names()) {
                assertThat(file.tensor(name).dtype())
                        .isEqualTo(written.tensor(name).dtype());
                assertThat(file.tensor(name).shape())
                        .isEqualTo(written.tensor(name).shape());
                assertThat(file.tensor(name)
                                .data()
                                .mismatch(written.tensor(name).data()))
                        .isEqualTo(-1);
            }
            assertThat(file.metadata()).isEqualTo(written.metadata());
            assertThat(file.source()).isEqualTo("model.safetensors");
            assertThat(file.digest()).isEqualTo(written.digest()).hasSize(64);
        }
        assertThat(listing(folder.resolve("new/folder"))).containsExactly("model.safetensors");
    }

    @Test
    void bytesDependOnContentAloneAndTensorsAreAligned() throws IOException {
        SequencedMap<String, Tensor> tensors = tensors(1f);
        SafetensorsWriter.write(folder.resolve("a.safetensors"), tensors, Map.of("b", "2", "a", "1"));
        SafetensorsWriter.write(folder.resolve("b.safetensors"), tensors.reversed(), Map.of("a", "1", "b", "2"));

        assertThat(Files.mismatch(folder.resolve("a.safetensors"), folder.resolve("b.safetensors")))
                .isEqualTo(-1);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("a.safetensors"))) {
            assertThat(file.header().dataOffsetBytes() % 8).isZero();
            file.header().entries().values().forEach(entry -> assertThat(
                            entry.beginBytes() * 8 % entry.dtype().bits())
                    .isZero());
        }
    }

    @Test
    void theDigestTellsOneChangedByteNameTypeAndMetadata() {
        String digest = sample(1f).digest();
        assertThat(sample(1f).digest()).isEqualTo(digest);
        assertThat(sample(1.0000001f).digest()).isNotEqualTo(digest);
        SequencedMap<String, Tensor> renamed = tensors(1f);
        renamed.put("other", renamed.remove("scale"));
        assertThat(new MemoryCheckpoint("x", renamed, sample(1f).metadata()).digest())
                .isNotEqualTo(digest);
        assertThat(new MemoryCheckpoint("x", tensors(1f), Map.of()).digest()).isNotEqualTo(digest);
        SequencedMap<String, Tensor> reshaped = tensors(1f);
        reshaped.put("blocks.0.weight", Tensor.of(Shape.of(3, 2), 1, 2, 3, 4, 5, 6));
        assertThat(new MemoryCheckpoint("x", reshaped, sample(1f).metadata()).digest())
                .isNotEqualTo(digest);
        SequencedMap<String, Tensor> retyped = tensors(1f);
        retyped.put(
                "codes",
                new Tensor(
                        DType.I8,
                        Shape.of(3),
                        Tensor.zeros(DType.U8, Shape.of(3)).data()));
        assertThat(new MemoryCheckpoint("x", retyped, sample(1f).metadata()).digest())
                .isNotEqualTo(digest);
        assertThat(new MemoryCheckpoint("x", tensors(1f).reversed(), sample(1f).metadata()).digest())
                .isEqualTo(digest);
    }

    @Test
    void anUnknownTensorNamesTheNearest() {
        Path path = write("model.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> file.tensor("block.0.weight"))
                    .withMessageContaining("model.safetensors")
                    .withMessageContaining("'block.0.weight'")
                    .withMessageContaining("nearest names: blocks.0.weight");
        }
    }

    @Test
    void aClosedFileRefusesToBeRead() {
        SafetensorsFile file = SafetensorsFile.open(write("model.safetensors"));
        Tensor tensor = file.tensor("blocks.0.weight");
        file.close();
        assertThatIllegalStateException().isThrownBy(tensor::toFloatArray);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.ckpt", "x.pt", "x.pth", "x.bin", "X.PKL"})
    void picklesAreRefusedByName(String name) {
        Path path = write(name);
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsFile.open(path))
                .withMessageContaining(name)
                .withMessageContaining("pickle")
                .withMessageContaining("arbitrary code");
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource({
        "504b0304140000000800000000000000, zip archive",
        "80027d71002858050000006d6f64656c, pickle",
        "80049500000000000000007d9428752e, pickle",
        "47475546030000000000000000000000, GGUF",
        "76657273696f6e2068747470733a2f2f6769742d6c66732e6769746875622e63, Git LFS pointer",
        "3c21444f43545950452068746d6c3e0a, web page",
    })
    void otherFormatsAreRecognizedByTheirFirstBytes(String hex, String message) throws IOException {
        Path path =
                Files.write(folder.resolve("model.safetensors"), HexFormat.of().parseHex(hex));
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsFile.open(path))
                .withMessageContaining(message);
    }

    @Test
    void missingEmptyTruncatedAndFoldersAreToldApart() throws IOException {
        assertOpenFails(folder.resolve("absent.safetensors"), "there is no such file");
        assertOpenFails(folder, "is a folder");
        assertOpenFails(Files.createFile(folder.resolve("empty.safetensors")), "truncated: 0 bytes");
        Path cut = write("cut.safetensors");
        try (FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 5);
        }
        assertOpenFails(cut, "(5 missing)");
    }

    @Test
    void aFileWrittenToWhileOpenIsNoticed() throws IOException {
        Path path = write("model.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.tensor("scale");
            Files.setLastModifiedTime(path, FileTime.fromMillis(1_000_000));
            assertThatExceptionOfType(SafetensorsException.class)
                    .isThrownBy(() -> file.tensor("scale"))
                    .withMessageContaining("changed while open");
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Files.write(path, new byte[] {1}, StandardOpenOption.APPEND);
            assertThatExceptionOfType(SafetensorsException.class)
                    .isThrownBy(() -> file.tensor("scale"))
                    .withMessageContaining("changed while open");
        }
    }

    @Test
    void aFileCutShortWhileATensorIsReadIsAnErrorNotACrash() throws IOException {
        Path path = folder.resolve("model.safetensors");
        Tensor half = Tensor.zeros(DType.BF16, Shape.of(1 << 20));
        SafetensorsWriter.write(path, Map.of("w", half, "x", Tensor.zeros(DType.F32, Shape.of(1 << 20))), Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Tensor narrow = file.tensor("w");
            Tensor floats = file.tensor("x");
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(100_000);
            }
            for (Tensor tensor : new Tensor[] {narrow, floats}) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> Conversions.toF32(tensor))
                        .withMessageContaining("cut short");
                assertThatIllegalStateException().isThrownBy(() -> NonFinite.firstIn("w", tensor));
                assertThatIllegalStateException()
                        .isThrownBy(() -> new MemoryCheckpoint("x", Map.of("w", tensor), Map.of()).digest())
                        .withMessageContaining("cut short");
            }
            assertThatExceptionOfType(SafetensorsException.class).isThrownBy(() -> file.tensor("w"));
        }
    }

    @Test
    void convertedWeightsOutliveTheFile() {
        SafetensorsFile file = SafetensorsFile.open(write("model.safetensors"));
        Tensor weight = Conversions.toF32(file.tensor("blocks.0.weight"));
        file.close();
        assertThat(weight.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void aFileReplacedOrDeletedWhileOpenStaysReadable() throws IOException {
        Path path = write("model.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Path other = folder.resolve("other.safetensors");
            SafetensorsWriter.write(other, sample(9f));
            Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
            assertThat(file.tensor("scale").toFloatArray()).containsExactly(1f);
            Files.delete(path);
            assertThat(file.tensor("scale").toFloatArray()).containsExactly(1f);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 100, 300})
    void aFullDiskLeavesTheOldFileAndNothingElse(int room) throws IOException {
        Path path = write("model.safetensors");
        byte[] before = Files.readAllBytes(path);
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsWriter.write(
                        path, tensors(2f), Map.of(), temporary -> new FullDisk(temporary, room)))
                .withMessageContaining("model.safetensors")
                .withMessageContaining("No space left on device");
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        assertThat(listing(folder)).containsExactly("model.safetensors");
    }

    @Test
    void aTensorThatDiesWhileBeingWrittenLeavesNothing() throws IOException {
        SafetensorsFile source = SafetensorsFile.open(write("model.safetensors"));
        Map<String, Tensor> tensors = Map.of("scale", source.tensor("scale"));
        source.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> SafetensorsWriter.write(folder.resolve("copy.safetensors"), tensors, Map.of()));
        assertThat(listing(folder)).containsExactly("model.safetensors");
    }

    @Test
    void whatTheFormatCannotHoldIsRefused() {
        Path path = folder.resolve("model.safetensors");
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() ->
                        SafetensorsWriter.write(path, Map.of("codes", Tensor.zeros(DType.U4, Shape.of(8))), Map.of()))
                .withMessageContaining("'codes'")
                .withMessageContaining("U4");
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsWriter.write(path, Map.of("__metadata__", Tensor.scalar(1)), Map.of()));
        assertThat(path).doesNotExist();
    }

    private void assertOpenFails(Path path, String message) {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsFile.open(path))
                .withMessageStartingWith(path.toString())
                .withMessageContaining(message);
    }

    private Path write(String name) {
        Path path = folder.resolve(name);
        SafetensorsWriter.write(path, sample(1f));
        return path;
    }

    private static List<String> listing(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static Checkpoint sample(float scale) {
        return new MemoryCheckpoint("sample", tensors(scale), Map.of("config", "{\"dim\": 4, \"ü\": \"\\\"\"}"));
    }

    private static SequencedMap<String, Tensor> tensors(float scale) {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("nothing", Tensor.zeros(DType.F16, Shape.of(0, 3)));
        tensors.put("codes", Tensor.zeros(DType.U8, Shape.of(3)));
        tensors.put("scale", Tensor.scalar(scale));
        tensors.put("packed", Tensor.zeros(DType.F4, Shape.of(2, 5)));
        tensors.put("blocks.0.weight", Tensor.of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6));
        tensors.put("ids", Tensor.ofLongs(Shape.of(2), Long.MIN_VALUE, 5));
        return tensors;
    }

    /// Writes to the file until `room` bytes are used up.
    private static final class FullDisk implements WritableByteChannel {

        private final FileChannel channel;
        private int room;

        FullDisk(Path path, int room) throws IOException {
            this.channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            this.room = room;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (bytes.remaining() > room) {
                throw new IOException("No space left on device");
            }
            room -= bytes.remaining();
            return channel.write(bytes);
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
