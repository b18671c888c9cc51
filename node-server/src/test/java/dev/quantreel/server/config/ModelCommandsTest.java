package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCommandsTest {

    private static final Path DEMO = Path.of("../workflows/demo-models");
    private static final String DIT = "diffusion_models/quantreel_demo_dit_bf16.safetensors";

    private final Path folder;

    ModelCommandsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void modelsPrintsWhatAFolderHoldsAndWhatPairs() throws IOException {
        Files.createDirectories(folder.resolve("unet"));
        Files.copy(DEMO.resolve(DIT), folder.resolve("unet/dit.safetensors"));
        Files.writeString(folder.resolve("old.pt"), "x");

        CommandLineRun alone = CommandLineRun.quantreel("models", folder);
        CommandLineRun demo = CommandLineRun.quantreel("models", DEMO);

        assertThat(alone.code()).as("a pickle is no damage").isZero();
        assertThat(alone.out())
                .containsPattern("unet/dit.safetensors +DiT +Wan .* +4.88 M +bf16 +safetensors +original +9.77 MB")
                .contains("2 checkpoints", "old.pt: a .pt file holds a Python pickle")
                .contains("unet/dit.safetensors: ", "needs the text encoder UMT5-XXL", "there is no text encoder here");
        assertThat(demo.out())
                .containsPattern("dit_bf16.safetensors .* text_encoders/\\S+umt5\\S+, vae/\\S+taehv\\S+")
                .doesNotContain("needs");
    }

    @Test
    void lorasThatFitNothingSayWhatTheyAreForAndWhy() throws IOException {
        Files.copy(DEMO.resolve(DIT), folder.resolve("dit.safetensors"));
        lora("large", "diffusion_model.blocks.0.self_attn.q", 1536);
        lora("other", "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", 640);

        assertThat(CommandLineRun.quantreel("models", folder).out())
                .contains(
                        "large.safetensors: LoRA for a Wan transformer, rank 2 fits none of the transformers here",
                        "[1536x1536], but dit.safetensors",
                        "has [256x256] there",
                        "other.safetensors: LoRA for Stable Diffusion, rank 2 fits none")
                .doesNotContain("0 of the 1 tensors");
    }

    private void lora(String name, String layer, int width) {
        SafetensorsWriter.write(
                folder.resolve(name + ".safetensors"),
                Map.of(
                        layer + ".lora_down.weight", Tensor.zeros(DType.F32, Shape.of(2, width)),
                        layer + ".lora_up.weight", Tensor.zeros(DType.F32, Shape.of(width, 2))),
                Map.of());
    }

    @Test
    void modelsAsJsonSayTheSame() {
        JsonNode models = Json.read(
                        CommandLineRun.quantreel("models", DEMO, "--json").out())
                .path("models");

        assertThat(models).hasSize(3);
        JsonNode dit = models.path(0);
        assertThat(dit.path("file").asText()).isEqualTo(DIT);
        assertThat(dit.path("precision").asText()).isEqualTo("bf16");
        assertThat(dit.path("models").path(0).path("kind").asText()).isEqualTo("DiT");
        assertThat(dit.path("models").path(0).path("parameters").asLong()).isEqualTo(4_878_656);
        assertThat(dit.path("pairs_with")).hasSize(2);
        assertThat(dit.path("problems")).isEmpty();
    }

    @Test
    void modelsWithoutAFolderLooksThroughTheConfiguredOnes() throws IOException {
        Files.createDirectories(folder.resolve("models/vae"));
        Files.copy(DEMO.resolve(DIT), folder.resolve("models/vae/lost.safetensors"));

        CommandLineRun ran = CommandLineRun.quantreel("models", "--base-directory", folder);

        assertThat(ran.out())
                .contains("vae/lost.safetensors: is a DiT")
                .contains("nodes look for it in diffusion_models");
    }

    @Test
    void aDamagedFileIsCountedAndShowsInTheExitStatus() throws IOException {
        byte[] dit = Files.readAllBytes(DEMO.resolve(DIT));
        Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(dit, dit.length - 5));
        Files.write(folder.resolve("whole.safetensors"), dit);

        CommandLineRun ran = CommandLineRun.quantreel("models", folder);
        CommandLineRun json = CommandLineRun.quantreel("models", folder, "--json");

        assertThat(ran.code()).isEqualTo(1);
        assertThat(ran.out()).contains("2 checkpoints, 1 damaged", "cut.safetensors: ", "5 missing");
        assertThat(json.code()).isEqualTo(1);
        assertThat(Json.read(json.out()).path("models"))
                .extracting(model -> model.path("damaged").asBoolean())
                .containsExactly(true, false);
    }

    @Test
    void aBenchmarkOfAFileThatIsNotThereOrNoTransformerIsExplained() throws IOException {
        Path page = Files.writeString(folder.resolve("page.safetensors"), "<!DOCTYPE html><html></html>");

        assertExplained(
                CommandLineRun.quantreel("bench", "wan13", "--file", folder.resolve("none.safetensors")),
                "no such file");
        assertExplained(CommandLineRun.quantreel("bench", "wan13", "--file", page), "web page");
        assertExplained(
                CommandLineRun.quantreel(
                        "bench", "wan13", "--file", DEMO.resolve("vae/quantreel_demo_taehv_bf16.safetensors")),
                "accepted is a diffusion transformer");
    }

    @Test
    void missingFolderIsNamed() {
        CommandLineRun ran = CommandLineRun.quantreel("models", folder.resolve("none"));

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("there is no folder", "none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"convrot_w4a4", "int8_convrot", "int8_tensorwise"})
    void convertedFilesOpenAndUnpackAgain(String format) throws IOException {
        Path target = folder.resolve("out.safetensors");
        Path unpacked = folder.resolve("unpacked.safetensors");

        CommandLineRun ran =
                CommandLineRun.quantreel("convert", DEMO.resolve(DIT), "--format", format, "--out", target);
        CommandLineRun back = CommandLineRun.quantreel("convert", target, "--format", "fp32", "--out", unpacked);

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("40 layers in " + format, "relative error 0.");
        assertThat(Files.size(target)).isLessThan(Files.size(DEMO.resolve(DIT)) * 6 / 10);
        assertThat(back.out()).contains("123 tensors");
        try (CheckpointFile packed = CheckpointFiles.open(target);
                CheckpointFile plain = CheckpointFiles.open(unpacked)) {
            assertThat(plain.format().precision()).isEqualTo("fp32");
            assertThat(plain.metadata())
                    .doesNotContainKey("_quantization_metadata")
                    .containsKey("config");
            String name = "blocks.1.ffn.2.weight";
            assertThat(plain.tensor(name).toFloatArray())
                    .isEqualTo(packed.tensor(name).toFloatArray());
        }
    }

    @Test
    void conversionsThatCannotBeAreExplained() throws IOException {
        Path target = Files.writeString(folder.resolve("there.safetensors"), "x");
        Path other = folder.resolve("other.safetensors");
        Path dit = DEMO.resolve(DIT);

        assertExplained(
                CommandLineRun.quantreel("convert", dit, "--format", "bf16", "--out", target), "exists", "--force");
        assertExplained(
                CommandLineRun.quantreel("convert", dit, "--format", "nvfp4", "--out", other),
                "'nvfp4'",
                "convrot_w4a4, int8_convrot");
        assertExplained(CommandLineRun.quantreel("convert", target, "--format", "bf16", "--out", other), "truncated");
        assertExplained(
                CommandLineRun.quantreel("convert", dit, "--format", "bf16", "--out", other, "--lora", target + ":x"),
                "FILE:STRENGTH");
        assertExplained(
                CommandLineRun.quantreel("convert", dit, "--format", "bf16", "--out", other, "--lora", dit),
                "no part of a LoRA");
        assertThat(other).doesNotExist();
        assertThat(Files.readString(target)).isEqualTo("x");
    }

    private static void assertExplained(CommandLineRun ran, String... parts) {
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(parts).doesNotContain("\tat ");
    }
}
