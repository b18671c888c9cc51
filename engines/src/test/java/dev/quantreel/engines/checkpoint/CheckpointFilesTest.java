package dev.quantreel.engines.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFilesTest {

    private final Path folder;

    CheckpointFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void plainFileKeepsItsTensorsAndNamesItsPrecision() {
        Path path = folder.resolve("model.safetensors");
        SafetensorsWriter.write(
                path,
                Map.of("a.weight", Tensor.zeros(DType.BF16, Shape.of(8, 4)), "a.bias", Tensor.of(Shape.of(2), 1, -2)),
                Map.of("config", "{}"));

        try (CheckpointFile file = CheckpointFiles.open(path)) {
            assertThat(file.format()).isEqualTo(new CheckpointFormat("safetensors", "bf16"));
            assertThat(file.parts()).containsExactly(path);
            assertThat(file.names()).containsExactlyInAnyOrder("a.weight", "a.bias");
            assertThat(file.dtype("a.weight")).isEqualTo(DType.BF16);
            assertThat(file.storedBytes("a.weight")).isEqualTo(64);
            assertThat(file.tensor("a.bias").toFloatArray()).containsExactly(1, -2);
            assertThat(file.metadata()).containsEntry("config", "{}");
        }
    }
}
