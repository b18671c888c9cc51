package dev.quantreel.engines.dit.ltx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LtxFamilyTest {

    private static final TinyTransformer TINY = new TinyTransformer("ltx_diffusers.safetensors", 2);
    private static final LtxConfig CONFIG = new LtxConfig(16, 48, 192, 2, 2, 24, 256, false);

    @Test
    void sizesAreReadFromShapesAndHeadsFromTheMetadata() {
        assertThat(TINY.checkpoint().architecture()).isEqualTo(new LtxTransformer(CONFIG));
        assertThat(TINY.checkpoint().layout()).isEqualTo("diffusers");
    }

    @Test
    void anAllInOneFileIsSeenThrough() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        TransformerCheckpoint tiny = TINY.checkpoint();
        tiny.names().forEach(name -> tensors.put("model.diffusion_model." + name, tiny.tensor(name)));
        tensors.put("vae.decoder.conv_in.conv.weight", Tensor.scalar(0));
        String config = "{\"transformer\": {\"num_attention_heads\": 2, \"causal_temporal_positioning\": true}}";
        TransformerCheckpoint whole =
                TransformerCheckpoint.of(new MemoryCheckpoint("all-in-one", tensors, Map.of("config", config)));

        assertThat(whole.layout()).isEqualTo("original");
        assertThat(((LtxTransformer) whole.architecture()).config())
                .isEqualTo(new LtxConfig(16, 48, 192, 2, 2, 24, 256, true));
    }

    @Test
    void namesOfNormsAreTurnedRound() {
        assertThat(LtxKeys.diffusers("transformer_blocks.11.attn2.k_norm.weight"))
                .isEqualTo("transformer_blocks.11.attn2.norm_k.weight");
        assertThat(LtxKeys.diffusers("adaln_single.linear.bias")).isEqualTo("time_embed.linear.bias");
    }

    @Test
    void aFileOfTwoLayoutsIsExplained() {
        UnaryOperator<String> half = name -> name.startsWith("transformer_blocks.1.")
                ? name.replace("attn2.norm_q", "attn2.q_norm").replace("attn2.norm_k", "attn2.k_norm")
                : name;
        Checkpoint mixed = TinyTransformer.renamed(TINY.stored(), half);

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(mixed))
                .withMessageContaining("mixes the layouts diffusers and original");
    }

    @Test
    void positionsAreThoseOfDiffusers() {
        SafetensorsFile golden = GoldenResource.open(TINY.file());
        RopeTable rope = LtxRope.of(CONFIG, new TokenGrid(2, 2, 3));

        assertSameAngles(rope.cos(), golden.tensor("mid.rope_cos"));
        assertSameAngles(rope.sin(), golden.tensor("mid.rope_sin"));
    }

    /// Diffusers keeps every angle twice, once per member of the pair. Angles reach thousands of radians, which single
    /// precision holds to 2.4e-4.
    private static void assertSameAngles(Tensor table, Tensor doubled) {
        float[] actual = table.toFloatArray();
        float[] expected = doubled.toFloatArray();
        assertThat(expected).hasSize(2 * actual.length);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[2 * i], Offset.offset(2.5e-4f));
        }
    }

    /// 64 is no multiple of 6, so that the first two pairs stay unrotated.
    @ParameterizedTest
    @CsvSource({"2, 3, 5", "1, 6, 4", "3, 1, 2"})
    void positionsAreThoseOfDiffusersAtAnySizeCountedCausallyOrNot(int frames, int rows, int columns) {
        SafetensorsFile golden = GoldenResource.open("positions.safetensors");
        String name = frames + "x" + rows + "x" + columns;
        for (boolean causal : new boolean[] {false, true}) {
            LtxConfig config = new LtxConfig(16, 64, 256, 2, 1, 24, 256, causal);
            RopeTable rope = LtxRope.of(config, new TokenGrid(frames, rows, columns));
            String kind = causal ? "causal." : "ltx.";

            assertThat(rope.cos().shape()).isEqualTo(Shape.of(2L * frames * rows * columns, 16));
            assertThat(rope.sin().toFloatArray()).startsWith(0, 0, -1, -1, -1);
            assertClose(rope.cos(), golden.tensor(kind + name + ".cos"));
            assertClose(rope.sin(), golden.tensor(kind + name + ".sin"));
        }
    }

    private static void assertClose(Tensor table, Tensor expected) {
        float[] actual = table.toFloatArray();
        float[] wanted = expected.toFloatArray();
        assertThat(actual).hasSameSizeAs(wanted);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(wanted[i], Offset.offset(1e-3f));
        }
    }

    @Test
    void countedCausallyTheFirstLatentFrameIsOnePicture() {
        LtxConfig causal = new LtxConfig(16, 48, 192, 2, 2, 24, 256, true);
        float[] sines = LtxRope.of(causal, new TokenGrid(3, 1, 1)).sin().toFloatArray();

        // The slowest pair of time turns by half a circle in twenty seconds, from -90 degrees on.
        double[] pictures = {0, 1, 9};
        for (int frame = 0; frame < 3; frame++) {
            double angle = Math.PI / 2 * (2 * pictures[frame] / 25 / 20 - 1);
            assertThat(sines[24 * frame]).isCloseTo((float) Math.sin(angle), Offset.offset(1e-6f));
        }
    }

    @Test
    void paddingOfThePromptIsNotLookedAt() {
        Tensor context = TinyTransformer.random(1, 1, 5, 24);
        LtxTransformer transformer = new LtxTransformer(CONFIG);
        var padded = BranchConditioning.of(new PromptEmbedding(context, 3, Optional.empty(), Optional.empty()));
        var empty = BranchConditioning.of(new PromptEmbedding(context, 0, Optional.empty(), Optional.empty()));

        assertThat(transformer.conditioningInputs(padded).get("context"))
                .extracting(Tensor::shape)
                .isEqualTo(Shape.of(1, 3, 24));
        assertThat(transformer.conditioningInputs(empty).get("context")).isEqualTo(context);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        transformer.conditioningInputs(BranchConditioning.of(TinyTransformer.random(1, 1, 5, 32))))
                .withMessageContainingAll("this model reads 24", "T5-XXL");
        assertThat(transformer.positionInputs(new LatentSize(2, 2, 3), padded))
                .containsOnlyKeys("rope_cos", "rope_sin", "grid");
    }
}
