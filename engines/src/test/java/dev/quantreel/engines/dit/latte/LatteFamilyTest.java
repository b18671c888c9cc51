package dev.quantreel.engines.dit.latte;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LatteFamilyTest {

    private static final TinyTransformer TINY = new TinyTransformer("latte_diffusers.safetensors", 3);
    private static final LatteConfig CONFIG = new LatteConfig(4, 8, 48, 192, 2, 2, 24, 256, 8);

    @Test
    void sizesAreReadFromShapesAndHeadsFromTheMetadata() {
        TransformerFacts facts = TINY.checkpoint().facts();

        assertThat(TINY.checkpoint().architecture()).isEqualTo(new LatteTransformer(CONFIG));
        assertThat(facts.sizes().layers()).isEqualTo(4);
        assertThat(facts.sampling().prediction()).isEqualTo(TransformerFacts.Prediction.EPSILON);
        assertThat(facts.latent().channels()).isEqualTo(4);
    }

    @Test
    void blocksRunByTurns() {
        List<String> linears = new LatteTransformer(CONFIG).blockLinears();

        assertThat(linears).hasSize(2 * (10 + 6));
        assertThat(linears.indexOf("temporal_transformer_blocks.0.ff.net.2"))
                .isBetween(
                        linears.indexOf("transformer_blocks.0.ff.net.2"),
                        linears.indexOf("transformer_blocks.1.attn1.to_q"));
    }

    @Test
    void aMissingTemporalBlockIsNamed() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Checkpoint stored = TINY.stored();
        stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
        tensors.remove("temporal_transformer_blocks.1.attn1.to_k.bias");

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(new MemoryCheckpoint("file", tensors, stored.metadata())))
                .withMessageContainingAll("temporal_transformer_blocks.1.attn1.to_k.bias is missing", "[48]");
    }

    @ParameterizedTest
    @CsvSource({"2, 3, 5", "1, 6, 4", "3, 1, 2"})
    void positionsAreThoseOfDiffusersAtAnySize(int frames, int rows, int columns) {
        SafetensorsFile golden = GoldenResource.open("positions.safetensors");
        LatteConfig config = new LatteConfig(4, 8, 32, 128, 2, 2, 24, 256, 64);
        TokenGrid grid = new TokenGrid(frames, rows, columns);
        String name = frames + "x" + rows + "x" + columns;

        assertClose(LattePositions.space(config, grid), golden.tensor("space." + name));
        if (frames > 1) {
            assertClose(LattePositions.time(config, grid), golden.tensor("time." + name));
        } else {
            assertThat(LattePositions.time(config, grid).toFloatArray()).containsOnly(0);
        }
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        float[] values = actual.toFloatArray();
        float[] wanted = expected.toFloatArray();
        assertThat(values).hasSameSizeAs(wanted);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isCloseTo(wanted[i], Offset.offset(1e-5f));
        }
    }

    @Test
    void aSingleFrameGoesThroughAsAPicture() {
        TinyTransformer picture = new TinyTransformer(TINY.file(), 1);
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            Tensor prediction = picture.prediction(engine, new FloatLinears(new FloatWeights(picture.checkpoint())));

            assertThat(prediction.shape()).isEqualTo(Shape.of(1, 4, 1, 4, 6));
        }
    }
}
