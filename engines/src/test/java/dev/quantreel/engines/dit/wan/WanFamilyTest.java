package dev.quantreel.engines.dit.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.DamagedCheckpointException;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WanFamilyTest {

    private static final WanConfig TINY = new WanConfig(16, 16, 64, 128, 2, 2, 32, 256, 12, 0, false);

    @Test
    void sizesAreReadFromShapesAndHeadsFromTheMetadata() {
        assertThat(config(TinyWan.comfy())).isEqualTo(TINY);
        assertThat(config(TinyWan.diffusers())).isEqualTo(TINY);
    }

    @Test
    void withoutMetadataAHeadHas128Channels() {
        WanConfig config = new WanConfig(16, 16, 256, 64, 2, 1, 32, 64, 512, 0, false);
        Map<String, Tensor> tensors = new HashMap<>();
        WanKeys.shapes(config).forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));

        assertThat(config(new MemoryCheckpoint("file", tensors, Map.of()))).isEqualTo(config);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.diffusion_model.", "model."})
    void prefixesOfWholeCheckpointsAreSeenThrough(String prefix) {
        Checkpoint prefixed = TinyWan.renamed(TinyWan.comfy(), name -> prefix + name);
        Checkpoint whole = TinyWan.with(prefixed, "vae.decoder.weight", Tensor.scalar(1));
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(whole);

        assertThat(checkpoint.architecture()).isEqualTo(new WanTransformer(TINY));
        assertThat(checkpoint.names())
                .isEqualTo(TransformerCheckpoint.of(TinyWan.comfy()).names());
        assertThat(checkpoint.tensor("head.modulation")).isEqualTo(whole.tensor(prefix + "head.modulation"));
    }

    @Test
    void diffusersNamesAreThoseOfAFileFromDiffusersEachOnce() {
        Set<String> canonical = WanKeys.shapes(TINY).keySet();
        Set<String> renamed = canonical.stream().map(WanKeys::diffusers).collect(Collectors.toSet());

        assertThat(renamed)
                .hasSameSizeAs(canonical)
                .isEqualTo(TinyWan.diffusers().names());
    }

    @ParameterizedTest
    @CsvSource({
        "blocks.0.norm3.weight, blocks.0.norm2.weight",
        "blocks.1.modulation, blocks.1.scale_shift_table",
        "head.modulation, scale_shift_table",
        "blocks.11.self_attn.norm_q.weight, blocks.11.attn1.norm_q.weight",
    })
    void theTrapsOfRenamingAreAvoided(String canonical, String diffusers) {
        assertThat(WanKeys.diffusers(canonical)).isEqualTo(diffusers);
    }

    @Test
    void everyTensorIsUsedExactlyOnce() {
        Map<String, Integer> reads = new HashMap<>();
        Checkpoint counting = new TinyTransformer.CountingCheckpoint(TinyWan.comfy(), reads);
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(counting);
        reads.clear();

        checkpoint.graphs(
                new FloatLinears(new FloatWeights(checkpoint)),
                new TransformerCheckpoint.Options(Dialect.STANDARD, Set.of()));

        assertThat(reads.keySet()).isEqualTo(counting.names());
        assertThat(reads.values()).containsOnly(1);
    }

    @Test
    void anotherFamilyIsNamed() {
        Checkpoint encoder = new MemoryCheckpoint(
                "umt5.safetensors",
                Map.of("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", Tensor.scalar(0)),
                Map.of());

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(encoder))
                .withMessageContainingAll("umt5.safetensors", "text encoder", "Wan 2.1 / 2.2");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(
                        new MemoryCheckpoint("odd", Map.of("weird", Tensor.scalar(0)), Map.of())))
                .withMessageContaining("[weird]");
    }

    @Test
    void aVariantThatIsNotSupportedIsNamed() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(
                        TinyWan.with(TinyWan.comfy(), "vace_blocks.0.weight", Tensor.scalar(0))))
                .withMessageContaining("VACE");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(
                        TinyWan.with(TinyWan.comfy(), "blocks.0.ffn.0.scale_weight", Tensor.scalar(0))))
                .withMessageContaining("fp8_scaled");
    }

    @Test
    void aMissingOrMisshapenTensorIsNamedWithTheExpectedShape() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(TinyWan.without(TinyWan.comfy(), "blocks.1.ffn.2.bias")))
                .withMessageContainingAll("blocks.1.ffn.2.bias is missing", "[64]");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(
                        TinyWan.with(TinyWan.comfy(), "blocks.1.ffn.2.bias", Tensor.zeros(DType.F32, Shape.of(63)))))
                .withMessageContainingAll("blocks.1.ffn.2.bias is [63]", "expected [64]");
    }

    @Test
    void aWeightThatIsNotANumberIsNamed() {
        Tensor bias = TinyWan.random(1, 64);
        bias.data().set(Tensor.FLOAT, 4 * 17, Float.NaN);
        TransformerCheckpoint checkpoint =
                TransformerCheckpoint.of(TinyWan.with(TinyWan.comfy(), "blocks.1.self_attn.q.bias", bias));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> checkpoint.graphs(
                        new FloatLinears(new FloatWeights(checkpoint)), TransformerCheckpoint.Options.DEFAULTS))
                .withMessageContainingAll("NaN at element 17", "blocks.1.self_attn.q.bias");
    }

    @Test
    void headsThatDoNotDivideTheWidthAreRefused() {
        Checkpoint odd = new MemoryCheckpoint(
                "file",
                TinyWan.comfy().names().stream()
                        .collect(Collectors.toMap(n -> n, n -> TinyWan.comfy().tensor(n))),
                Map.of("config", "{\"num_heads\": 5}"));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(odd))
                .withMessageContainingAll("5 heads", "num_heads");
    }

    @Test
    void aFileOfTwoLayoutsIsExplained() {
        Checkpoint mixed =
                TinyWan.with(TinyWan.comfy(), "blocks.0.attn1.to_q.weight", Tensor.zeros(DType.F32, Shape.of(64, 64)));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(mixed))
                .withMessageContainingAll("blocks.0.attn1.to_q.weight", "mixes the layouts original and diffusers");
    }

    @Test
    void aFileWithItsTensorsBothWithAndWithoutAPrefixIsExplained() {
        String weight = "blocks.1.ffn.2.weight";
        Checkpoint twice = TinyWan.with(
                TinyWan.comfy(),
                "model.diffusion_model." + weight,
                TinyWan.comfy().tensor(weight));
        Checkpoint half =
                TinyWan.renamed(TinyWan.comfy(), name -> name.equals(weight) ? "model.diffusion_model." + name : name);

        for (Checkpoint file : List.of(twice, half)) {
            assertThatExceptionOfType(DamagedCheckpointException.class)
                    .isThrownBy(() -> TransformerCheckpoint.of(file))
                    .withMessageContainingAll(
                            weight, "mixes names without a prefix and with the prefix model.diffusion_model.");
        }
    }

    private static WanConfig config(Checkpoint file) {
        return ((WanTransformer) TransformerCheckpoint.of(file).architecture()).config();
    }
}
