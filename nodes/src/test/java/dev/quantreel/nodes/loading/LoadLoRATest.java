package dev.quantreel.nodes.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.quantize.SaveQuantizedModel;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.SharedFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoadLoRATest {

    private static final String LAYER = "blocks.0.self_attn.q.weight";
    private static final int DIM = 256;

    private final DemoPipeline demo;
    private final Path loras;

    LoadLoRATest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        this.loras = Files.createDirectories(demo.context().folders().models("loras"));
        write("style.safetensors", "lora_unet_blocks_0_self_attn_q", DIM);
        write("other.safetensors", "transformer.single_transformer_blocks.0.attn.to_q", DIM);
        write("wide.safetensors", "diffusion_model.blocks.0.self_attn.q", 5120);
    }

    private static Tensor random(long seed, int rows, int columns) {
        Random random = new Random(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.2 * random.nextGaussian());
        }
        return Tensor.of(Shape.of(rows, columns), values);
    }

    private void write(String file, String layer, int width) {
        SafetensorsWriter.write(
                loras.resolve(file),
                Map.of(
                        layer + ".lora_down.weight", random(1, 4, width),
                        layer + ".lora_up.weight", random(2, width, 4)),
                Map.of());
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private DiffusionModel load(DiffusionModel model, String file, double strength) throws Exception {
        return load(model, file, strength, LoadLoRA.Form.MERGE);
    }

    private DiffusionModel load(DiffusionModel model, String file, double strength, LoadLoRA.Form form)
            throws Exception {
        return new LoadLoRA()
                .run(new LoadLoRA.Inputs(model, file, strength, form), demo.context())
                .model();
    }

    private float[] weights(DiffusionModel model) throws Exception {
        try (SharedFile.Lease lease = model.file().open(demo.context()).again()) {
            return Conversions.toFloatArray(lease.file().tensor(LAYER));
        }
    }

    @Test
    void chainedLorasReachTheWeightsThatEveryNodeSees() throws Exception {
        DiffusionModel plain = demo.model();
        float[] before = weights(plain);
        float[] down = random(1, 4, DIM).toFloatArray();
        float[] up = random(2, DIM, 4).toFloatArray();

        DiffusionModel model = load(load(plain, "style.safetensors", 1), "style.safetensors", -0.25);
        float[] after = weights(model);

        for (int i = 0; i < after.length; i++) {
            double expected = before[i];
            for (int k = 0; k < 4; k++) {
                expected += 0.75 * up[i / DIM * 4 + k] * down[k * DIM + i % DIM];
            }
            assertThat((double) after[i]).isCloseTo(expected, within(1e-5));
        }
        assertThat(model.file().digest()).isNotEqualTo(plain.file().digest());
    }

    @Test
    void samplesFollowTheLoraAndStrengthZeroIsTheModelItself() throws Exception {
        DiffusionModel plain = demo.model();

        float[] original = demo.sample(plain).latent().samples().toFloatArray();
        float[] changed = demo.sample(load(plain, "style.safetensors", 1))
                .latent()
                .samples()
                .toFloatArray();

        assertThat(changed).isNotEqualTo(original);
        assertThat(load(plain, "style.safetensors", 0)).isEqualTo(plain);
    }

    @Test
    void lorasOfOtherModelsAreExplainedAtThePort() throws Exception {
        DiffusionModel model = demo.model();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> load(model, "other.safetensors", 1))
                .withMessageContaining("a LoRA for HunyuanVideo or Flux")
                .withMessageContaining("trained for Wan")
                .satisfies(e -> assertThat(e.port()).isEqualTo("file"));
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> load(model, "wide.safetensors", 1))
                .withMessageContaining("[5120x5120]")
                .withMessageContaining("another size");
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> load(model, "none.safetensors", 1))
                .withMessageContaining("style.safetensors");
    }

    @Test
    void replacedLoraIsNoticed() throws Exception {
        DiffusionModel model = load(demo.model(), "style.safetensors", 1);
        Files.setLastModifiedTime(loras.resolve("style.safetensors"), FileTime.fromMillis(1_000_000));

        assertThatIllegalStateException()
                .isThrownBy(() -> weights(model))
                .withMessageContaining("style.safetensors changed since it was loaded");
    }

    @ParameterizedTest
    @EnumSource(SaveQuantizedModel.Format.class)
    void savedModelLoadsAgainWithItsLoraWithinTheErrorOfItsBits(SaveQuantizedModel.Format format) throws Exception {
        DiffusionModel model = load(demo.model(), "style.safetensors", 1);

        String path = new SaveQuantizedModel()
                .run(new SaveQuantizedModel.Inputs(model, format, "models/saved", ""), demo.context())
                .path();

        Path folder = demo.context().folders().models("diffusion_models");
        Files.copy(Path.of(path), folder.resolve("saved.safetensors"));
        DiffusionModel saved = new LoadDiT()
                .run(new LoadDiT.Inputs("saved.safetensors"), demo.context())
                .model();
        assertThat(saved.architecture()).isEqualTo(model.architecture());
        float[] expected = weights(model);
        float[] actual = weights(saved);
        double error = 0;
        double energy = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(actual[i] - expected[i], 2);
            energy += expected[i] * expected[i];
        }
        assertThat(Math.sqrt(error / energy))
                .isBetween(1e-6, format == SaveQuantizedModel.Format.CONVROT_W4A4 ? 0.15 : 0.012);
    }

    @Test
    void censusIsKeptBetweenRunsAndForgottenWithTheFile() throws Exception {
        Path cache = demo.context().folders().cache().resolve("checkpoints");
        DiffusionModel first = demo.model();
        Path[] entries = list(cache);
        assertThat(entries).hasSize(1);
        String text = Files.readString(entries[0]);
        Files.writeString(entries[0], text.replace(first.file().content(), "0".repeat(64)));

        assertThat(demo.model().file().content()).as("from the cache").isEqualTo("0".repeat(64));

        Files.setLastModifiedTime(first.file().path(), FileTime.fromMillis(1_000_000));
        assertThat(demo.model().file().content()).isEqualTo(first.file().content());
        assertThat(list(cache)).hasSize(2);

        Arrays.stream(list(cache)).forEach(entry -> entry.toFile().delete());
        Files.writeString(entries[0], "nonsense");
        assertThat(demo.model().file().content()).isEqualTo(first.file().content());
    }

    private static Path[] list(Path folder) throws Exception {
        try (var files = Files.list(folder)) {
            return files.toArray(Path[]::new);
        }
    }

    @Test
    void savedFileOpensOutsideToo() throws Exception {
        String path = new SaveQuantizedModel()
                .run(
                        new SaveQuantizedModel.Inputs(
                                demo.model(), SaveQuantizedModel.Format.CONVROT_W4A4, "x", "blocks\\.0\\."),
                        demo.context())
                .path();

        try (CheckpointFile file = CheckpointFiles.open(Path.of(path))) {
            assertThat(file.format().precision()).isEqualTo("convrot_w4a4");
            assertThat(file.stored().contains("blocks.0.ffn.0.comfy_quant")).isFalse();
            assertThat(file.stored().contains("blocks.1.ffn.0.comfy_quant")).isTrue();
        }
    }
}
