package dev.quantreel.engines.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraCheckpointTest {

    private static final int DIM = 64;
    private static final int FFN = 128;
    private static final int RANK = 3;

    private final Tensor down = TinyWan.random(1, RANK, DIM);
    private final Tensor up = TinyWan.random(2, FFN, RANK);

    private static MemoryCheckpoint file(Map<String, Tensor> tensors) {
        return new MemoryCheckpoint("style.safetensors", tensors, Map.of());
    }

    private static LoraFile lora(Map<String, Tensor> tensors) {
        return LoraFile.of(file(tensors));
    }

    private LoraFile ffn(String downName, String upName) {
        return lora(Map.of(downName, down, upName, up));
    }

    /// `W + factor * up * down`, element by element.
    private double expected(Checkpoint base, String name, int row, int column, double factor) {
        double sum = Conversions.toFloatArray(base.tensor(name))[row * DIM + column];
        for (int k = 0; k < RANK; k++) {
            sum += factor * up.toFloatArray()[row * RANK + k] * down.toFloatArray()[k * DIM + column];
        }
        return sum;
    }

    private void assertMerged(Checkpoint base, Checkpoint merged, String name, double factor) {
        float[] actual = Conversions.toFloatArray(merged.tensor(name));
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i]).isCloseTo(expected(base, name, i / DIM, i % DIM, factor), within(1e-5));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "lora_unet_blocks_0_ffn_0.lora_down.weight, lora_unet_blocks_0_ffn_0.lora_up.weight",
        "transformer.blocks.0.ffn.net.0.proj.lora_A.weight, transformer.blocks.0.ffn.net.0.proj.lora_B.weight",
        "blocks.0.ffn.0.lora_A.default.weight, blocks.0.ffn.0.lora_B.default.weight",
        "base_model.model.blocks.0.ffn.0.lora_A.weight, base_model.model.blocks.0.ffn.0.lora_B.weight",
        "diffusion_model.blocks.0.ffn.0.lora_down.weight, diffusion_model.blocks.0.ffn.0.lora_up.weight",
        "lora_transformer_blocks_0_ffn_net_0_proj.lora.down.weight, lora_transformer_blocks_0_ffn_net_0_proj.lora.up.weight"
    })
    void everySpellingChangesTheSameMatrixInEveryLayoutOfTheModel(String downName, String upName) {
        Checkpoint comfy = TinyWan.renamed(TinyWan.comfy(), name -> "model.diffusion_model." + name);
        Checkpoint diffusers = TinyWan.diffusers();

        LoraCheckpoint first = LoraCheckpoint.of(comfy, ffn(downName, upName), 0.8);
        LoraCheckpoint second = LoraCheckpoint.of(diffusers, ffn(downName, upName), 0.8);

        assertMerged(comfy, first, "model.diffusion_model.blocks.0.ffn.0.weight", 0.8);
        assertMerged(diffusers, second, "blocks.0.ffn.net.0.proj.weight", 0.8);
        assertThat(first.changed()).isOne();
        assertThat(first.unmatched()).isEmpty();
        assertThat(TransformerCheckpoint.of(first).facts())
                .isEqualTo(TransformerCheckpoint.of(comfy).facts());
    }

    @Test
    void alphaScalesAndOtherTensorsStayViews() {
        Checkpoint base = TinyWan.comfy();
        LoraFile lora = lora(Map.of(
                "lora_unet_blocks_1_ffn_0.lora_down.weight", down,
                "lora_unet_blocks_1_ffn_0.lora_up.weight", up,
                "lora_unet_blocks_1_ffn_0.alpha", Tensor.scalar(1.5f)));

        LoraCheckpoint merged = LoraCheckpoint.of(base, lora, -2);

        assertMerged(base, merged, "blocks.1.ffn.0.weight", -2 * 1.5 / RANK);
        assertThat(merged.tensor("blocks.0.ffn.0.weight").data())
                .isEqualTo(base.tensor("blocks.0.ffn.0.weight").data());
        assertThat(merged.names()).isEqualTo(base.names());
        assertThat(lora.rank()).isEqualTo(RANK);
    }

    @Test
    void differencesAreAddedToWeightsBiasesAndTables() {
        Checkpoint base = TinyWan.comfy();
        Tensor weight = TinyWan.random(3, DIM);
        Tensor bias = TinyWan.random(4, FFN);
        Tensor table = TinyWan.random(5, 1, 6, DIM);

        LoraCheckpoint merged = LoraCheckpoint.of(
                base,
                lora(Map.of(
                        "diffusion_model.blocks.0.norm3.diff", weight,
                        "diffusion_model.blocks.0.ffn.0.diff_b", bias,
                        "diffusion_model.blocks.0.diff_m", table)),
                0.5);

        assertSum(base, merged, "blocks.0.norm3.weight", weight);
        assertSum(base, merged, "blocks.0.ffn.0.bias", bias);
        assertSum(base, merged, "blocks.0.modulation", table);
    }

    private static void assertSum(Checkpoint base, Checkpoint merged, String name, Tensor difference) {
        float[] before = Conversions.toFloatArray(base.tensor(name));
        float[] after = Conversions.toFloatArray(merged.tensor(name));
        for (int i = 0; i < before.length; i++) {
            assertThat(after[i]).isCloseTo(before[i] + 0.5f * difference.toFloatArray()[i], within(1e-6f));
        }
    }

    @Test
    void chainedLorasAddUpAndTheirDigestTellsThemApart() {
        Checkpoint base = TinyWan.comfy();
        LoraFile lora =
                ffn("diffusion_model.blocks.0.ffn.0.lora_A.weight", "diffusion_model.blocks.0.ffn.0.lora_B.weight");

        LoraCheckpoint once = LoraCheckpoint.of(base, lora, 0.25);
        LoraCheckpoint twice = LoraCheckpoint.of(once, lora, 0.5);

        assertMerged(base, twice, "blocks.0.ffn.0.weight", 0.75);
        assertThat(twice.digest()).isNotEqualTo(once.digest());
        assertThat(once.digest()).isNotEqualTo(base.digest());
        assertThat(once.digest()).isEqualTo(LoraCheckpoint.digest(base.digest(), lora.digest(), 0.25, LoraForm.MERGED));
        assertThat(once.source()).isEqualTo(base.source() + " with style.safetensors");
    }

    @Test
    void narrowWeightsAreMergedInF32() {
        Checkpoint plain = TinyWan.comfy();
        String name = "blocks.0.ffn.0.weight";
        Checkpoint base =
                TinyWan.with(plain, name, Conversions.fromF32(Conversions.toF32(plain.tensor(name)), DType.BF16));

        LoraCheckpoint merged =
                LoraCheckpoint.of(base, ffn("blocks.0.ffn.0.lora_A.weight", "blocks.0.ffn.0.lora_B.weight"), 1);

        assertThat(merged.dtype(name)).isEqualTo(DType.F32);
        assertThat(merged.storedBytes(name)).isEqualTo(base.storedBytes(name));
        assertMerged(base, merged, name, 1);
    }

    private static void refuses(Checkpoint base, Map<String, Tensor> tensors, String... parts) {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> LoraCheckpoint.of(base, lora(tensors), 1))
                .satisfies(e ->
                        assertThat(e.getMessage()).contains("style.safetensors").contains(parts));
    }

    @Test
    void loraOfAnotherFamilySaysWhatItIsForAndWhatIsNeeded() {
        refuses(
                TinyWan.comfy(),
                Map.of(
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", down,
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_B.weight", up),
                "a LoRA for HunyuanVideo or Flux (diffusers)",
                "0 of the 1 tensors",
                "wan_t2v_comfy.safetensors",
                "trained for Wan 2.1 / 2.2");
        refuses(
                TinyWan.comfy(),
                Map.of(
                        "lora_unet_down_blocks_0_x.lora_down.weight",
                        down,
                        "lora_unet_up_blocks_0_x.lora_up.weight",
                        up),
                "incomplete");
    }

    @Test
    void loraOfAnotherSizeNamesBothShapes() {
        refuses(
                TinyWan.comfy(),
                Map.of(
                        "diffusion_model.blocks.0.ffn.0.lora_A.weight", TinyWan.random(1, RANK, 5120),
                        "diffusion_model.blocks.0.ffn.0.lora_B.weight", TinyWan.random(2, 13824, RANK)),
                "blocks.0.ffn.0.weight",
                "[13824x5120]",
                "[128x64]",
                "another size");
    }

    @Test
    void fewSurplusKeysAreReportedAndLeftOut() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("diffusion_model.blocks.0.ffn.0.lora_A.weight", down);
        tensors.put("diffusion_model.blocks.0.ffn.0.lora_B.weight", up);
        tensors.put("diffusion_model.img_emb.proj.1.diff", Tensor.zeros(DType.F32, Shape.of(4, 4)));
        tensors.put("text_encoder.x.lora_A.weight", down);

        LoraCheckpoint merged = LoraCheckpoint.of(TinyWan.comfy(), lora(tensors), 1);

        assertThat(merged.changed()).isOne();
        assertThat(merged.unmatched()).containsExactly("img_emb.proj.1.weight");
    }

    @Test
    void halvesThatDoNotFitEachOtherAreNamed() {
        refuses(
                TinyWan.comfy(),
                Map.of("blocks.0.ffn.0.lora_A.weight", TinyWan.random(1, 4, DIM), "blocks.0.ffn.0.lora_B.weight", up),
                "lora_B",
                "share no rank");
        refuses(TinyWan.comfy(), Map.of("blocks.0.ffn.0.lora_A.weight", down), "only blocks.0.ffn.0.lora_A.weight");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hada_w1_a", "lokr_w1", "dora_scale", "oft_blocks", "set_weight"})
    void otherAdaptersAreNamed(String suffix) {
        refuses(TinyWan.comfy(), Map.of("diffusion_model.blocks.0.ffn.0." + suffix, down), suffix, "not supported");
    }

    @Test
    void wholeModelsAndLorasAreToldApart() {
        assertThat(LoraFile.looksLikeOne(TinyWan.comfy())).isFalse();
        assertThat(LoraFile.looksLikeOne(file(Map.of("lora_unet_x.lora_up.weight", up))))
                .isTrue();
        refuses(TinyWan.comfy(), Map.of("blocks.0.ffn.0.weight", up), "no part of a LoRA");
    }
}
