package dev.quantreel.engines.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedCheckpointTest {

    private static final String ONE = "diffusion_pytorch_model-00001-of-00002.safetensors";
    private static final String TWO = "diffusion_pytorch_model-00002-of-00002.safetensors";

    private final Path pipeline;
    private final Path folder;
    private final Path index;

    ShardedCheckpointTest(@TempDir Path pipeline) {
        this.pipeline = pipeline;
        this.folder = pipeline.resolve("transformer");
        this.index = folder.resolve("diffusion_pytorch_model.safetensors.index.json");
    }

    @BeforeEach
    void write() throws IOException {
        SafetensorsWriter.write(
                folder.resolve(ONE),
                Map.of("a", Tensor.of(Shape.of(2), 1, 2), "b", Tensor.scalar(3)),
                Map.of("format", "pt"));
        SafetensorsWriter.write(folder.resolve(TWO), Map.of("c", Tensor.of(Shape.of(1), 4)), Map.of("format", "pt"));
        Files.writeString(folder.resolve("config.json"), """
                {"_class_name": "WanTransformer3DModel", "num_attention_heads": 12}""");
        index("a", ONE, "b", ONE, "c", TWO);
    }

    private void index(String... names) throws IOException {
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < names.length; i += 2) {
            map.append(i == 0 ? "" : ", ").append("\"%s\": \"%s\"".formatted(names[i], names[i + 1]));
        }
        Files.writeString(index, "{\"metadata\": {\"total_size\": 16}, \"weight_map\": {" + map + "}}");
    }

    private void refuses(Path path, String... parts) {
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> CheckpointFiles.open(path).close())
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "transformer", "transformer/diffusion_pytorch_model.safetensors.index.json"})
    void pipelineComponentAndIndexOpenTheSameModel(String below) {
        try (CheckpointFile file = CheckpointFiles.open(pipeline.resolve(below))) {
            assertThat(file.names()).containsExactly("a", "b", "c");
            assertThat(file.tensor("c").toFloatArray()).containsExactly(4);
            assertThat(file.shape("a")).isEqualTo(Shape.of(2));
            assertThat(file.format().container()).isEqualTo("diffusers folder");
            assertThat(file.parts()).containsExactly(folder.resolve(ONE), folder.resolve(TWO));
            assertThat(file.metadata().get("config")).contains("\"num_attention_heads\":12");
        }
    }

    @Test
    void contentOfASetHasTheDigestOfTheSameContentInOnePiece() {
        MemoryCheckpoint whole = new MemoryCheckpoint(
                "whole",
                Map.of("a", Tensor.of(Shape.of(2), 1, 2), "b", Tensor.scalar(3), "c", Tensor.of(Shape.of(1), 4)),
                Map.of("format", "pt"));

        try (CheckpointFile file = CheckpointFiles.open(index)) {
            assertThat(file.digest()).isEqualTo(whole.digest());
        }
    }

    @Test
    void missingShardIsNamedWithWhatLiesInIt() throws IOException {
        Files.delete(folder.resolve(ONE));

        refuses(pipeline, ONE, "missing", "2 of 3 tensors", "2 shards");
    }

    @Test
    void truncatedShardIsNamed() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve(TWO));
        Files.write(folder.resolve(TWO), Arrays.copyOf(whole, whole.length - 1));

        refuses(index, TWO, "truncated", "download");
    }

    @Test
    void indexThatNamesATensorNoShardHasIsExplained() throws IOException {
        index("a", ONE, "b", ONE, "c", TWO, "d", TWO);

        refuses(index, "'d'", TWO, "no shard has it", "different models or downloads");
    }

    @Test
    void indexThatNamesTheWrongShardSaysWhereTheTensorLies() throws IOException {
        index("a", ONE, "b", TWO, "c", TWO);

        refuses(index, "'b'", "puts it into " + TWO, "lies in " + ONE);
    }

    @Test
    void shardWithASurplusTensorIsExplained() throws IOException {
        index("a", ONE, "c", TWO);

        refuses(index, "'b'", ONE, "does not name it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "x.bin", ""})
    void indexThatLeavesItsFolderIsRefused(String file) throws IOException {
        index("a", file);

        refuses(index, "'a'", "the same folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[]", "{}", "{\"weight_map\": []}", "{\"weight_map\": {\"a\": 1}}"})
    void brokenIndexIsExplained(String text) throws IOException {
        Files.writeString(index, text);

        refuses(index, "index.json");
    }

    @Test
    void singleShardNamesTheIndex() {
        refuses(folder.resolve(ONE), "one shard of several", "index.json");
    }

    @Test
    void folderWithoutACheckpointListsWhatItHolds() throws IOException {
        Path empty = Files.createDirectories(pipeline.resolve("scheduler"));
        refuses(empty, "scheduler", "holds no checkpoint", "transformer/", "nothing");

        Files.writeString(empty.resolve("pytorch_model.bin"), "x");
        refuses(empty, "pytorch_model.bin");
    }

    @Test
    void shardsWithoutIndexAndSeveralCheckpointsAreExplained() throws IOException {
        Files.copy(folder.resolve(TWO), folder.resolve("other.safetensors"));
        Files.copy(folder.resolve(TWO), folder.resolve("third.safetensors"));
        Files.delete(index);
        refuses(folder, "several checkpoints", "other.safetensors", "third.safetensors");

        Files.delete(folder.resolve("other.safetensors"));
        Files.delete(folder.resolve("third.safetensors"));
        refuses(folder, "2 shards", "index.json");
    }

    @Test
    void brokenConfigurationIsNamed() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{");

        refuses(pipeline, "config.json", "not valid JSON");
    }
}
