package dev.quantreel.engines.dit.cogvideox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CogVideoXFamilyTest {

    private static final TinyTransformer TINY = new TinyTransformer("cogvideox5b_diffusers.safetensors", 3);
    private static final Positions TRAINED = new Positions.Stretched(30, 45);

    @Test
    void sizesAreReadFromShapesAndPositionsFromTheMetadata() {
        assertThat(TINY.checkpoint().architecture())
                .isEqualTo(new CogVideoXTransformer(tiny(1, new Positions.Stretched(2, 3))));
        assertThat(new TinyTransformer("cogvideox2b_diffusers.safetensors", 3)
                        .checkpoint()
                        .architecture())
                .isEqualTo(new CogVideoXTransformer(tiny(1, new Positions.Added())));
        assertThat(new TinyTransformer("cogvideox15_diffusers.safetensors", 4)
                        .checkpoint()
                        .architecture())
                .isEqualTo(new CogVideoXTransformer(tiny(2, new Positions.Counted())));
    }

    private static CogVideoXConfig tiny(int patchFrames, Positions positions) {
        return new CogVideoXConfig(
                4, 32, 128, 2, 2, 24, 5, 32, patchFrames, positions, CogVideoXConfig.ImageInput.NONE);
    }

    @ParameterizedTest
    @CsvSource({"30, 1, Added", "42, 1, Stretched", "42, 2, Counted"})
    void withoutMetadataTheNumberOfBlocksAndTheShapeOfPatchesTellPositions(
            int layers, int patchFrames, String positions) {
        CogVideoXConfig config = new CogVideoXConfig(
                16,
                32,
                128,
                2,
                layers,
                24,
                226,
                32,
                patchFrames,
                new Positions.Added(),
                CogVideoXConfig.ImageInput.NONE);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        stored(config).forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(new MemoryCheckpoint("file", tensors, Map.of()));

        CogVideoXConfig read = ((CogVideoXTransformer) checkpoint.architecture()).config();
        assertThat(read.positions().getClass().getSimpleName()).isEqualTo(positions);
        assertThat(read.channels()).isEqualTo(16);
        assertThat(read.textLength()).isEqualTo(226);
        assertThat(checkpoint.facts().latent().patch()).isEqualTo(new TransformerFacts.Patch(patchFrames, 2, 2));
    }

    private static Map<String, Shape> stored(CogVideoXConfig config) {
        Map<String, Shape> stored = new LinkedHashMap<>();
        CogVideoXKeys.shapes(config).forEach((canonical, shape) -> {
            TensorSlice slice = CogVideoXKeys.diffusers(canonical);
            long[] dims = shape.toArray();
            dims[0] = dims[0] / slice.count() * slice.parts();
            stored.put(slice.name(), Shape.of(dims));
        });
        return stored;
    }

    /// The original release keeps one projection of twelve vectors per block, and queries, keys and values in one.
    @ParameterizedTest
    @ValueSource(strings = {"", "model.diffusion_model."})
    void theOriginalLayoutHoldsTheSameTensors(String prefix) {
        TransformerCheckpoint diffusers = TINY.checkpoint();
        Checkpoint file = sat(diffusers, prefix);
        TransformerCheckpoint original = TransformerCheckpoint.of(file);

        assertThat(original.layout()).isEqualTo("original");
        assertThat(file.names())
                .contains(
                        prefix + "mixins.adaln_layer.adaLN_modulations.1.1.weight",
                        prefix + "transformer.layers.0.attention.query_key_value.bias",
                        prefix + "transformer.final_layernorm.weight");
        assertThat(file.shape(prefix + "mixins.adaln_layer.adaLN_modulations.0.1.weight"))
                .isEqualTo(Shape.of(12 * 32, 32));
        assertThat(original.names()).isEqualTo(diffusers.names());
        assertThat(diffusers.names())
                .allSatisfy(name -> assertThat(original.tensor(name).toFloatArray())
                        .isEqualTo(diffusers.tensor(name).toFloatArray()));
    }

    private static Checkpoint sat(TransformerCheckpoint diffusers, String prefix) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String canonical : diffusers.names()) {
            TensorSlice slice = CogVideoXKeys.sat(canonical);
            Tensor part = diffusers.tensor(canonical);
            long[] dims = part.shape().toArray();
            dims[0] = dims[0] / slice.count() * slice.parts();
            Tensor fused =
                    tensors.computeIfAbsent(prefix + slice.name(), name -> Tensor.zeros(DType.F32, Shape.of(dims)));
            long bytes = part.data().byteSize();
            MemorySegment.copy(part.data(), 0, fused.data(), bytes / slice.count() * slice.first(), bytes);
        }
        return new MemoryCheckpoint("sat", tensors, diffusers.metadata());
    }

    @ParameterizedTest
    @CsvSource({
        "transformer_blocks.7.norm1.image.weight, mixins.adaln_layer.adaLN_modulations.7.1.weight, 0, 3, 12",
        "transformer_blocks.7.norm2.image.bias, mixins.adaln_layer.adaLN_modulations.7.1.bias, 3, 3, 12",
        "transformer_blocks.7.norm1.text.weight, mixins.adaln_layer.adaLN_modulations.7.1.weight, 6, 3, 12",
        "transformer_blocks.7.norm2.text.weight, mixins.adaln_layer.adaLN_modulations.7.1.weight, 9, 3, 12",
        "transformer_blocks.12.attn1.to_v.bias, transformer.layers.12.attention.query_key_value.bias, 2, 1, 3",
    })
    void slicesOfTheOriginalLayoutAreThoseOfTheConversionScript(
            String canonical, String name, int first, int count, int parts) {
        assertThat(CogVideoXKeys.sat(canonical)).isEqualTo(TensorSlice.rows(name, first, count, parts));
    }

    @ParameterizedTest
    @CsvSource({"2, 3, 5", "1, 6, 4", "3, 1, 2"})
    void positionsAreThoseOfDiffusersAtAnySize(int frames, int rows, int columns) {
        SafetensorsFile golden = GoldenResource.open("positions.safetensors");
        TokenGrid grid = new TokenGrid(frames, rows, columns);
        String name = frames + "x" + rows + "x" + columns;
        RopeTable rope = ((Positions.Rotary) TRAINED).table(grid, 16, 0);

        assertClose(rope.cos().toFloatArray(), golden.tensor("stretched." + name + ".cos"));
        assertClose(rope.sin().toFloatArray(), golden.tensor("stretched." + name + ".sin"));
        Positions.Added added = new Positions.Added();
        float[] time = added.time(grid, 32).toFloatArray();
        float[] space = added.space(grid, 32).toFloatArray();
        float[] sum = new float[frames * space.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = time[i / space.length * 32 + i % 32] + space[i % space.length];
        }
        assertClose(sum, golden.tensor("added." + name));
    }

    private static void assertClose(float[] actual, Tensor expected) {
        float[] wanted = expected.toFloatArray();
        assertThat(actual).hasSameSizeAs(wanted);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(wanted[i], Offset.offset(1e-5f));
        }
    }

    @Test
    void thePromptIsFilledUpAndAPromptOfAnotherEncoderIsRefused() {
        CogVideoXTransformer transformer = new CogVideoXTransformer(tiny(1, TRAINED));
        Tensor context = TinyTransformer.random(1, 1, 3, 24);

        Tensor input =
                transformer.conditioningInputs(BranchConditioning.of(context)).getOrDefault("context", context);
        assertThat(input.shape()).isEqualTo(Shape.of(1, 5, 24));
        assertThat(input.toFloatArray()).startsWith(context.toFloatArray()).endsWith(new float[2 * 24]);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        transformer.conditioningInputs(BranchConditioning.of(TinyTransformer.random(1, 1, 3, 32))))
                .withMessageContainingAll("this model reads 24", "T5-XXL");
    }

    @Test
    void whatReadsAsManyChannelsAgainStartsFromAnImage() {
        TransformerFacts facts = TransformerCheckpoint.of(reading(8)).facts();

        assertThat(facts.latent().image()).isEqualTo(TransformerFacts.Image.CHANNELS);
        assertThat(facts.latent().inChannels()).isEqualTo(8);
        assertThat(facts.variant()).startsWith("CogVideoX I2V");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(reading(6)))
                .withMessageContainingAll("odd", "patch_embed.proj.weight", "reads 6 channels", "image-to-video");
    }

    /// The tiny model with a patch embedding for so many channels.
    private static Checkpoint reading(int channels) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Checkpoint stored = TINY.stored();
        stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
        tensors.put("patch_embed.proj.weight", Tensor.zeros(DType.F32, Shape.of(32, channels, 2, 2)));
        return new MemoryCheckpoint("odd", tensors, stored.metadata());
    }

    @Test
    void learnedPlacesHoldForOneSizeAlone() {
        CogVideoXTransformer transformer = new CogVideoXTransformer(new CogVideoXConfig(
                4,
                32,
                128,
                2,
                2,
                24,
                5,
                32,
                1,
                new Positions.Stretched(2, 3),
                new CogVideoXConfig.ImageInput(4, 5 + 3 * 2 * 3, 0)));
        BranchConditioning prompt = BranchConditioning.of(TinyTransformer.random(1, 1, 3, 24));

        assertThat(transformer.positionInputs(new LatentSize(2, 4, 6), prompt)).containsKey("grid");
        for (LatentSize size : List.of(new LatentSize(2, 6, 4), new LatentSize(4, 4, 6))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transformer.positionInputs(size, prompt))
                    .withMessageContainingAll("48 x 32 pixels", "up to 9 frames");
        }
    }
}
