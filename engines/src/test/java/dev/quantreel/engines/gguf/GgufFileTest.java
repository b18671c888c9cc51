package dev.quantreel.engines.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.testing.GgufBytes;
import dev.quantreel.engines.testing.GoldenResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufFileTest {

    private static final int FIRST_TENSOR_BYTES = 64;

    private final Path folder;

    GgufFileTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @ParameterizedTest
    @EnumSource(GgmlType.class)
    void everyTypeUnpacksToWhatTheReferenceUnpacksItTo(GgmlType type) {
        String name = "blocks.0." + type.name().toLowerCase(Locale.ROOT) + ".weight";
        try (GgufFile file = GgufFile.open(GoldenResource.path("gguf_blocks.gguf"));
                SafetensorsFile expected = GoldenResource.open("gguf_blocks.safetensors")) {
            assertThat(file.type(name)).isEqualTo(type);
            assertThat(file.weightShape(name)).isEqualTo(Shape.of(3, 512));
            assertThat(Conversions.toFloatArray(file.decode(name)))
                    .isEqualTo(Conversions.toFloatArray(expected.tensor(name)));
        }
    }

    @Test
    void flattenedTensorsHaveTheirShapeBackAndMetadataIsText() {
        try (GgufFile file = GgufFile.open(GoldenResource.path("gguf_blocks.gguf"))) {
            assertThat(file.weightShape("patch_embedding.weight")).isEqualTo(Shape.of(2, 16, 1, 2, 4));
            assertThat(file.metadata())
                    .containsEntry("general.architecture", "wan")
                    .containsEntry("general.name", "every type that is read");
        }
    }

    @Test
    void chunksOfLongTensorsMeetWithoutGapOrOverlap() throws IOException {
        int blocks = 5000;
        byte[] data = new byte[blocks * 34];
        for (int i = 0; i < blocks; i++) {
            data[34 * i + 1] = 0x3C; // step 1
            data[34 * i + 2] = (byte) i;
            data[34 * i + 33] = (byte) (i >> 7);
        }
        Path path = write(new GgufBytes().tensor("w", 8, data, blocks * 32L));

        try (GgufFile file = GgufFile.open(path)) {
            float[] values = Conversions.toFloatArray(file.decode("w"));
            for (int i = 0; i < blocks; i++) {
                assertThat(values[32 * i]).isEqualTo((byte) i);
                assertThat(values[32 * i + 31]).isEqualTo((byte) (i >> 7));
            }
            assertThat(file.dtype("w")).isEqualTo(DType.U8);
        }
    }

    private Path write(GgufBytes bytes) throws IOException {
        return Files.write(folder.resolve("model.gguf"), bytes.toByteArray());
    }

    private void refuses(byte[] content, String... parts) throws IOException {
        Path path = Files.write(folder.resolve("model.gguf"), content);
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> GgufFile.open(path).close())
                .satisfies(
                        e -> assertThat(e.getMessage()).contains("model.gguf").contains(parts));
    }

    private static GgufBytes oneTensor() {
        return new GgufBytes().text("general.architecture", "wan").tensor("w", 0, new byte[FIRST_TENSOR_BYTES], 4, 4);
    }

    @Test
    void unknownTypesAreNamedWithWhatIsAccepted() throws IOException {
        refuses(
                new GgufBytes()
                        .tensor("blocks.0.ffn.0.weight", 23, new byte[136], 256)
                        .toByteArray(),
                "blocks.0.ffn.0.weight",
                "type IQ4_XS",
                "Q8_0",
                "Q4_K");
        refuses(new GgufBytes().tensor("w", 4321, new byte[4], 1).toByteArray(), "unknown type 4321");
    }

    @Test
    void everyTruncationIsAnErrorAndNeverACrash() throws IOException {
        byte[] whole = oneTensor().toByteArray();
        for (int length = 0; length < whole.length; length++) {
            Path path = Files.write(folder.resolve("model.gguf"), Arrays.copyOf(whole, length));
            assertThatExceptionOfType(CheckpointException.class)
                    .as("%d of %d bytes", length, whole.length)
                    .isThrownBy(() -> GgufFile.open(path).close());
        }
        refuses(Arrays.copyOf(whole, whole.length - 1), "'w'", "truncated", "download");
    }

    @Test
    void hostileLengthsAreRefusedBeforeTheyAreBelieved() throws IOException {
        refuses(oneTensor().counts(1L << 40, 1).toByteArray(), "1099511627776 tensors");
        refuses(oneTensor().counts(-1, 1).toByteArray(), "number of tensors");
        refuses(oneTensor().counts(1, 1L << 60).toByteArray(), "key-value pairs");
        refuses(new GgufBytes().raw("k", 8, 1L << 60).toByteArray(), "truncated");
        refuses(new GgufBytes().raw("k", 9, 8L, 1L << 60).toByteArray(), "elements of k");
        refuses(new GgufBytes().tensor("w", 0, new byte[4], 1L << 62, 1L << 62).toByteArray(), "'w'", "overflows");
    }

    @Test
    void brokenPlacesAreRefused() throws IOException {
        refuses(new GgufBytes().alignment(0).tensor("w", 0, new byte[4], 1).toByteArray(), "general.alignment is 0");
        refuses(new GgufBytes().alignment(3).tensor("w", 0, new byte[4], 1).toByteArray(), "general.alignment is 3");
        refuses(oneTensor().tensor("w", 0, new byte[4], 1).toByteArray(), "'w'", "twice");
        refuses(oneTensor().tensorAt("v", 0, 0, 4).toByteArray(), "'v'", "inside the one before");
        refuses(oneTensor().tensorAt("v", 0, 7, 1).toByteArray(), "'v'", "not aligned to 32");
        refuses(new GgufBytes().tensor("w", 8, new byte[34], 31).toByteArray(), "'w'", "no multiple of 32");
    }

    @Test
    void otherVersionsAreNamed() throws IOException {
        refuses(oneTensor().version(1).toByteArray(), "GGUF version 1", "2 and 3");
        refuses(oneTensor().version(0x03000000).toByteArray(), "big-endian");
    }
}
