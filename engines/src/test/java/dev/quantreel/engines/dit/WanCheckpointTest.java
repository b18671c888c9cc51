package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WanCheckpointTest {

    private static final WanConfig TINY = new WanConfig(16, 16, 64, 128, 2, 2, 32, 256, 512);

    @Test
    void sizesAreReadFromShapesAndHeadsFromTheMetadata() {
        assertThat(WanCheckpoint.of(TinyWan.comfy()).config()).isEqualTo(TINY);
        assertThat(WanCheckpoint.of(TinyWan.diffusers()).config()).isEqualTo(TINY);
    }

    @Test
    void withoutMetadataAHeadHas128Channels() {
        WanConfig config = new WanConfig(16, 16, 256, 64, 2, 1, 32, 64, 512);
        Map<String, Tensor> tensors = new HashMap<>();
        WanKeys.shapes(config).forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));

        assertThat(WanCheckpoint.of(new MemoryCheckpoint("file", tensors, Map.of()))
                        .config())
                .isEqualTo(config);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.diffusion_model.", "model."})
    void prefixesOfWholeCheckpointsAreSeenThrough(String prefix) {
        Checkpoint prefixed = TinyWan.renamed(TinyWan.comfy(), name -> prefix + name);
        Checkpoint whole = TinyWan.with(prefixed, "vae.decoder.weight", Tensor.scalar(1));
        WanCheckpoint checkpoint = WanCheckpoint.of(whole);

        assertThat(checkpoint.config()).isEqualTo(TINY);
        assertThat(checkpoint.names())
                .isEqualTo(WanCheckpoint.of(TinyWan.comfy()).names());
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
        Checkpoint counting = new CountingCheckpoint(TinyWan.comfy(), reads);
        WanCheckpoint checkpoint = WanCheckpoint.of(counting);
        reads.clear();

        WanGraphs.build(
                checkpoint,
                new FloatLinears(new FloatWeights(checkpoint)),
                new WanGraphs.Options(Dialect.STANDARD, Set.of()));

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
                .isThrownBy(() -> WanCheckpoint.of(encoder))
                .withMessageContainingAll("umt5.safetensors", "text encoder", "Wan 2.1 text-to-video");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() ->
                        WanCheckpoint.of(new MemoryCheckpoint("odd", Map.of("weird", Tensor.scalar(0)), Map.of())))
                .withMessageContaining("[weird]");
    }

    @Test
    void aVariantThatIsNotSupportedIsNamed() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() ->
                        WanCheckpoint.of(TinyWan.with(TinyWan.comfy(), "img_emb.proj.0.weight", Tensor.scalar(0))))
                .withMessageContaining("image-to-video");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> WanCheckpoint.of(
                        TinyWan.with(TinyWan.comfy(), "blocks.0.ffn.0.scale_weight", Tensor.scalar(0))))
                .withMessageContaining("fp8_scaled");
    }

    @Test
    void aMissingOrMisshapenTensorIsNamedWithTheExpectedShape() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> WanCheckpoint.of(TinyWan.without(TinyWan.comfy(), "blocks.1.ffn.2.bias")))
                .withMessageContainingAll("blocks.1.ffn.2.bias is missing", "[64]");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> WanCheckpoint.of(
                        TinyWan.with(TinyWan.comfy(), "blocks.1.ffn.2.bias", Tensor.zeros(DType.F32, Shape.of(63)))))
                .withMessageContainingAll("blocks.1.ffn.2.bias is [63]", "expected [64]");
    }

    @Test
    void aWeightThatIsNotANumberIsNamed() {
        Tensor bias = TinyWan.random(1, 64);
        bias.data().set(Tensor.FLOAT, 4 * 17, Float.NaN);
        WanCheckpoint checkpoint = WanCheckpoint.of(TinyWan.with(TinyWan.comfy(), "blocks.1.self_attn.q.bias", bias));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> WanGraphs.build(
                        checkpoint, new FloatLinears(new FloatWeights(checkpoint)), WanGraphs.Options.DEFAULTS))
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
                .isThrownBy(() -> WanCheckpoint.of(odd))
                .withMessageContainingAll("5 heads", "num_heads");
    }

    /// Counts how often each tensor is taken.
    private record CountingCheckpoint(Checkpoint checkpoint, Map<String, Integer> reads) implements Checkpoint {

        @Override
        public SequencedSet<String> names() {
            return new LinkedHashSet<>(checkpoint.names());
        }

        @Override
        public Tensor tensor(String name) {
            reads.merge(name, 1, Integer::sum);
            return checkpoint.tensor(name);
        }

        @Override
        public Map<String, String> metadata() {
            return checkpoint.metadata();
        }

        @Override
        public String source() {
            return checkpoint.source();
        }

        @Override
        public String digest() {
            return checkpoint.digest();
        }
    }
}
