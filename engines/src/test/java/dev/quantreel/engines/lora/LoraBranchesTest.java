package dev.quantreel.engines.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraBranchesTest {

    private static final int DIM = 64;
    private static final int FFN = 128;
    private static final int RANK = 3;
    private static final TinyTransformer TINY = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final Engine INTERPRETER = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);

    private final Tensor down = narrow(1, RANK, DIM);
    private final Tensor up = narrow(2, FFN, RANK);

    private static Tensor narrow(long seed, long... dims) {
        return Conversions.fromF32(TinyWan.random(seed, dims), DType.F16);
    }

    private static LoraFile lora(Map<String, Tensor> tensors) {
        return LoraFile.of(new MemoryCheckpoint("style.safetensors", tensors, Map.of()));
    }

    /// One pass in full precision.
    private static float[] prediction(Engine engine, Checkpoint model, LowRankBranches branches) {
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(model);
        LinearLayers linears = LowRankLinears.of(new FloatLinears(new FloatWeights(checkpoint)), branches);
        return TINY.prediction(engine, checkpoint, linears).toFloatArray();
    }

    private static double worst(float[] actual, float[] expected) {
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        return worst;
    }

    private static void assertSameAsMerged(Engine engine, Checkpoint model, LoraFile lora, double strength) {
        float[] plain = prediction(engine, model, LowRankBranches.NONE);
        float[] merged = prediction(engine, LoraCheckpoint.of(model, lora, strength), LowRankBranches.NONE);
        LoraCheckpoint beside = LoraCheckpoint.of(model, lora, strength, LoraForm.BRANCH);
        float[] branched = prediction(engine, beside, beside.branches());

        assertThat(worst(merged, plain)).as("what the LoRA does").isGreaterThan(1e-2);
        assertThat(worst(branched, merged)).isLessThan(1e-5);
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
    void aBranchOfEverySpellingIsTheMergedLora(String downName, String upName) {
        LoraFile lora = lora(Map.of(downName, down, upName, up));

        assertSameAsMerged(ORT, TinyWan.comfy(), lora, 0.8);
        assertSameAsMerged(ORT, TinyWan.diffusers(), lora, -0.3);
    }

    @Test
    void theInterpreterAgrees() {
        LoraFile lora = lora(Map.of("blocks.0.ffn.0.lora_A.weight", down, "blocks.0.ffn.0.lora_B.weight", up));
        assertSameAsMerged(INTERPRETER, TinyWan.comfy(), lora, 0.8);
    }

    @Test
    void alphaAndDifferencesElsewhereActAsWhenMerged() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("diffusion_model.blocks.0.ffn.0.lora_down.weight", down);
        tensors.put("diffusion_model.blocks.0.ffn.0.lora_up.weight", up);
        tensors.put("diffusion_model.blocks.0.ffn.0.alpha", Tensor.scalar(1.5f));
        tensors.put("diffusion_model.blocks.0.ffn.0.diff_b", TinyWan.random(4, FFN));
        tensors.put("diffusion_model.blocks.1.norm3.diff", TinyWan.random(3, DIM));
        tensors.put("diffusion_model.blocks.1.diff_m", TinyWan.random(5, 1, 6, DIM));
        tensors.put("diffusion_model.time_embedding.2.lora_down.weight", down);
        tensors.put("diffusion_model.time_embedding.2.lora_up.weight", narrow(6, DIM, RANK));

        assertSameAsMerged(ORT, TinyWan.comfy(), lora(tensors), 0.5);

        LoraCheckpoint beside = LoraCheckpoint.of(TinyWan.comfy(), lora(tensors), 0.5, LoraForm.BRANCH);
        assertThat(beside.branches().byLayer()).containsOnlyKeys("blocks.0.ffn.0");
        assertThat(beside.changed()).isEqualTo(4);
        assertThat(beside.branches().of("blocks.0.ffn.0").getFirst().factor()).isEqualTo(0.5f * 1.5f / RANK);
    }

    @Test
    void chainedLorasOfBothFormsAddUp() {
        Checkpoint model = TinyWan.comfy();
        LoraFile first = lora(Map.of("blocks.0.ffn.0.lora_A.weight", down, "blocks.0.ffn.0.lora_B.weight", up));
        LoraFile second = lora(Map.of(
                "blocks.0.ffn.0.lora_A.weight", narrow(7, 5, DIM), "blocks.0.ffn.0.lora_B.weight", narrow(8, FFN, 5)));
        Checkpoint merged = LoraCheckpoint.of(LoraCheckpoint.of(model, first, 0.5), second, 0.25);
        merged = LoraCheckpoint.of(merged, first, 0.1);

        LoraCheckpoint one = LoraCheckpoint.of(model, first, 0.5, LoraForm.BRANCH);
        LoraCheckpoint two = LoraCheckpoint.of(one, second, 0.25, LoraForm.BRANCH);
        LoraCheckpoint three = LoraCheckpoint.of(two, first, 0.1);

        LowRankBranches both = one.branches().plus(two.branches());
        assertThat(both.of("blocks.0.ffn.0")).extracting(LowRankBranch::rank).containsExactly(RANK, 5);
        assertThat(three.branches().isEmpty()).isTrue();
        assertThat(worst(prediction(ORT, three, both), prediction(ORT, merged, LowRankBranches.NONE)))
                .isLessThan(1e-5);
    }

    @Test
    void theWeightsAndTheirCodesDoNotSeeTheBranch() {
        Checkpoint model = TinyWan.comfy();
        LoraFile lora = lora(Map.of(
                "blocks.0.ffn.0.lora_A.weight", down,
                "blocks.0.ffn.0.lora_B.weight", up,
                "blocks.0.ffn.0.diff_b", TinyWan.random(4, FFN)));
        TransformerCheckpoint plain = TransformerCheckpoint.of(model);
        QuantizedWeights codes = QuantizedWeights.of(
                plain,
                QuantizationPlan.DVD_QUANT,
                plain.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        for (double strength : new double[] {0.5, -2}) {
            LoraCheckpoint beside = LoraCheckpoint.of(model, lora, strength, LoraForm.BRANCH);
            String name = "blocks.0.ffn.0.weight";
            assertThat(beside.tensor(name).data()).isEqualTo(model.tensor(name).data());
            assertThat(beside.dtype(name)).isEqualTo(model.dtype(name));

            QuantizedWeights same = codes.beside(TransformerCheckpoint.of(beside));

            assertThat(same.matrix("blocks.0.ffn.0").orElseThrow())
                    .isSameAs(codes.matrix("blocks.0.ffn.0").orElseThrow());
            LinearLayers quantized = QuantizedLinears.of(same, Arithmetic.INTEGER);
            float[] without = TINY.prediction(ORT, TransformerCheckpoint.of(beside), quantized)
                    .toFloatArray();
            float[] with = TINY.prediction(
                            ORT, TransformerCheckpoint.of(beside), LowRankLinears.of(quantized, beside.branches()))
                    .toFloatArray();
            assertThat(worst(with, without)).isGreaterThan(1e-2);
        }
    }

    @Test
    void aBranchLiesInTheFileWhereThatHasSixteenBitsAndIsRoundedWhereNot() {
        LoraFile narrow = lora(Map.of("blocks.0.ffn.0.lora_A.weight", down, "blocks.0.ffn.0.lora_B.weight", up));
        LowRankBranch stored = LoraCheckpoint.of(TinyWan.comfy(), narrow, 1, LoraForm.BRANCH)
                .branches()
                .of("blocks.0.ffn.0")
                .getFirst();
        assertThat(stored.down().data()).isEqualTo(down.data());
        assertThat(stored.up().data()).isEqualTo(up.data());

        Tensor wide = Tensor.of(Shape.of(FFN, RANK), scaled(TinyWan.random(2, FFN, RANK), 1e-6f));
        LoraFile file = lora(Map.of("blocks.0.ffn.0.lora_A.weight", down, "blocks.0.ffn.0.lora_B.weight", wide));
        LowRankBranch rounded = LoraCheckpoint.of(TinyWan.comfy(), file, 1, LoraForm.BRANCH)
                .branches()
                .of("blocks.0.ffn.0")
                .getFirst();
        float[] values = scaled(Conversions.toF32(rounded.up()), rounded.factor());
        for (int i = 0; i < values.length; i++) {
            float expected = wide.toFloatArray()[i];
            assertThat(Math.abs(values[i] - expected)).isLessThanOrEqualTo(Math.abs(expected) * 0x1p-11f + 1e-12f);
        }
    }

    private static float[] scaled(Tensor tensor, float factor) {
        float[] values = tensor.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        return values;
    }

    @Test
    void formsAreToldApartByTheirDigest() {
        LoraFile lora = lora(Map.of("blocks.0.ffn.0.lora_A.weight", down, "blocks.0.ffn.0.lora_B.weight", up));
        Checkpoint model = TinyWan.comfy();
        assertThat(LoraCheckpoint.of(model, lora, 1, LoraForm.BRANCH).digest())
                .isNotEqualTo(LoraCheckpoint.of(model, lora, 1).digest())
                .isEqualTo(LoraCheckpoint.digest(model.digest(), lora.digest(), 1, LoraForm.BRANCH));
    }

    private static void refuses(Map<String, Tensor> tensors, String... parts) {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> LoraCheckpoint.of(TinyWan.comfy(), lora(tensors), 1, LoraForm.BRANCH))
                .satisfies(e ->
                        assertThat(e.getMessage()).contains("style.safetensors").contains(parts));
    }

    @Test
    void whatCannotBeABranchIsExplainedAsClearlyAsWhatCannotBeMerged() {
        refuses(
                Map.of("diffusion_model.blocks.0.ffn.0.diff", TinyWan.random(1, FFN, DIM)),
                "blocks.0.ffn.0.weight",
                "diffusion_model.blocks.0.ffn.0.diff",
                "full size",
                "merge this LoRA");
        refuses(
                Map.of(
                        "diffusion_model.blocks.0.ffn.0.lora_A.weight", TinyWan.random(1, RANK, 5120),
                        "diffusion_model.blocks.0.ffn.0.lora_B.weight", TinyWan.random(2, 13824, RANK)),
                "[13824x5120]",
                "another size");
        refuses(
                Map.of(
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", down,
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_B.weight", up),
                "a LoRA for HunyuanVideo or Flux (diffusers)");
        refuses(Map.of("blocks.0.ffn.0.lora_A.weight", down), "only blocks.0.ffn.0.lora_A.weight");
    }
}
