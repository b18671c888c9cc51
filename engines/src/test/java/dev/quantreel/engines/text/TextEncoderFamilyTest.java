package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TextEncoderFamilyTest {

    private static final Map<String, String> GGUF_T5 = Map.of(
            "layer.0.SelfAttention.q", "attn_q",
            "layer.0.SelfAttention.k", "attn_k",
            "layer.0.SelfAttention.v", "attn_v",
            "layer.0.SelfAttention.o", "attn_o",
            "layer.0.SelfAttention.relative_attention_bias", "attn_rel_b",
            "layer.0.layer_norm", "attn_norm",
            "layer.1.DenseReluDense.wi_0", "ffn_gate",
            "layer.1.DenseReluDense.wi_1", "ffn_up",
            "layer.1.DenseReluDense.wo", "ffn_down",
            "layer.1.layer_norm", "ffn_norm");

    private static final Map<String, String> GGUF_LLAMA = Map.of(
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "input_layernorm", "attn_norm",
            "post_attention_layernorm", "ffn_norm",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    @ParameterizedTest
    @CsvSource({
        "umt5_encoder, UMT5",
        "t5_encoder, T5",
        "byt5_encoder, BYT5",
        "clip_l, CLIP_L",
        "llama, LLAMA",
        "qwen25, QWEN_25_VL"
    })
    void aFileTellsItsFamilyByItsKeys(String file, TextEncoderFamily family) {
        assertThat(TextEncoder.family(GoldenEncoders.weights(file + ".safetensors")))
                .isEqualTo(family);
    }

    @ParameterizedTest
    @CsvSource({
        "umt5_encoder, text_encoders.umt5xxl.transformer.",
        "clip_l, text_encoders.clip_l.transformer.",
        "clip_l, cond_stage_model.transformer.",
        "llama, text_encoders.llama.transformer.",
        "llama, language_model.",
        "qwen25, text_encoders.qwen25_7b.transformer."
    })
    void aPartOfALargerFileIsTheSameEncoder(String file, String prefix) {
        String golden = file + ".safetensors";
        Checkpoint whole = GoldenEncoders.with(
                GoldenEncoders.renamed(golden, name -> prefix + name),
                Map.of(
                        "model.diffusion_model.head.modulation", Tensor.scalar(0),
                        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", Tensor.scalar(0),
                        "vae.decoder.conv1.weight", Tensor.scalar(0)));

        assertSameOutput(golden, whole, 0);
    }

    @Test
    void qwenInsideItsVisionModelIsFoundUnderEitherLayout() {
        Checkpoint nested = GoldenEncoders.with(
                GoldenEncoders.renamed(
                        "qwen25.safetensors", name -> name.replaceFirst("model.", "model.language_model.")),
                Map.of("model.visual.blocks.0.attn.qkv.weight", Tensor.scalar(0), "lm_head.weight", Tensor.scalar(0)));

        assertSameOutput("qwen25.safetensors", nested, 0);
    }

    @Test
    void theNamesOfGgufFilesAreUnderstood() {
        Checkpoint t5 = GoldenEncoders.renamed(
                "umt5_encoder.safetensors",
                name -> name.equals(T5Config.EMBEDDING)
                        ? "token_embd.weight"
                        : name.equals(T5Config.FINAL_NORM)
                                ? "enc.output_norm.weight"
                                : ggufBlock(name, "encoder.block.", "enc.blk.", GGUF_T5));
        Checkpoint qwen = GoldenEncoders.renamed("qwen25.safetensors", TextEncoderFamilyTest::ggufDecoder);

        assertSameOutput("umt5_encoder.safetensors", t5, 0);
        assertSameOutput("qwen25.safetensors", qwen, 0);
    }

    /// llama.cpp stores q and k of Llama so that rotary pairs lie side by side: row `2j + half` of a head is row
    /// `half * headDim / 2 + j` of the original.
    @Test
    void theRowsThatGgufPermutesInLlamaGiveTheSameVectors() {
        Checkpoint renamed = GoldenEncoders.renamed("llama.safetensors", TextEncoderFamilyTest::ggufDecoder);
        Map<String, Tensor> permuted = new LinkedHashMap<>();
        for (String name : renamed.names()) {
            if (name.endsWith("attn_q.weight") || name.endsWith("attn_k.weight")) {
                permuted.put(name, sideBySide(renamed.tensor(name), 12));
            }
        }
        assertThat(permuted).hasSize(8);

        assertSameOutput("llama.safetensors", GoldenEncoders.with(renamed, permuted), 1e-5f);
    }

    private static Tensor sideBySide(Tensor matrix, int headDim) {
        long rowBytes = matrix.shape().dim(1) * Float.BYTES;
        Tensor result = Tensor.zeros(DType.F32, matrix.shape());
        for (int row = 0; row < matrix.shape().dim(0); row++) {
            int within = row % headDim;
            int source = row - within + within % 2 * (headDim / 2) + within / 2;
            result.data()
                    .asSlice(row * rowBytes, rowBytes)
                    .copyFrom(matrix.data().asSlice(source * rowBytes, rowBytes));
        }
        return result;
    }

    private static String ggufDecoder(String name) {
        return switch (name) {
            case DecoderConfig.EMBEDDING -> "token_embd.weight";
            case DecoderConfig.FINAL_NORM -> "output_norm.weight";
            default -> ggufBlock(name, "model.layers.", "blk.", GGUF_LLAMA);
        };
    }

    private static String ggufBlock(String name, String blocks, String prefix, Map<String, String> parts) {
        int dot = name.indexOf('.', blocks.length());
        int last = name.lastIndexOf('.');
        String part = parts.get(name.substring(dot + 1, last));
        assertThat(part).as(name).isNotNull();
        return prefix + name.substring(blocks.length(), dot) + "." + part + name.substring(last);
    }

    private static void assertSameOutput(String golden, Checkpoint other, float tolerance) {
        int[] ids = GoldenEncoders.ids(golden);
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                TextEncoder expected = TextEncoder.open(engine, GoldenEncoders.weights(golden), new ByteTokenizer());
                TextEncoder actual = TextEncoder.open(engine, other, new ByteTokenizer())) {
            float[] values = actual.run(ids, CancellationToken.NONE).toFloatArray();
            assertThat(actual.family()).isEqualTo(expected.family());
            assertThat(values)
                    .containsExactly(
                            expected.run(ids, CancellationToken.NONE).toFloatArray(), Offset.offset(tolerance));
        }
    }

    /// The graphs that go to other tools compute the same.
    @ParameterizedTest
    @CsvSource({"t5_encoder", "clip_l", "llama", "qwen25"})
    void standardOperatorsComputeTheSame(String file) {
        Checkpoint weights = GoldenEncoders.weights(file + ".safetensors");
        EncoderConfig config = EncoderConfig.of(weights);
        int tokens = 6;
        Map<String, Tensor> inputs = new HashMap<>(config.positions(tokens));
        float[] embeddings = new float[tokens * config.dim()];
        for (int i = 0; i < embeddings.length; i++) {
            embeddings[i] = (float) Math.sin(i * 0.7);
        }
        inputs.put("embeddings", Tensor.of(Shape.of(1, tokens, config.dim()), embeddings));
        Map<Dialect, float[]> outputs = new EnumMap<>(Dialect.class);
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            for (Dialect dialect : Dialect.values()) {
                try (Session session = engine.open(
                        config.graph(GoldenEncoders.full(weights), dialect, EncoderSection.all(config.layersRun())))) {
                    outputs.put(
                            dialect,
                            session.run(inputs, "hidden", CancellationToken.NONE)
                                    .toFloatArray());
                }
            }
        }
        float[] expected = Objects.requireNonNull(outputs.get(Dialect.ONNX_RUNTIME));
        assertThat(outputs.values())
                .allSatisfy(values -> assertThat(values).containsExactly(expected, Offset.offset(1e-5f)));
    }

    @Test
    void onlyTheLayersThatAreReadNeedTheirWeights() {
        Map<String, Tensor> kept = new LinkedHashMap<>();
        Checkpoint llama = GoldenEncoders.weights("llama.safetensors");
        llama.names().stream()
                .filter(name -> !name.startsWith("model.layers.3.") || name.endsWith("self_attn.q_proj.weight"))
                .forEach(name -> kept.put(name, llama.tensor(name)));

        DecoderConfig config = (DecoderConfig) EncoderConfig.of(new MemoryCheckpoint("cut", kept, llama.metadata()));
        assertThat(config.layersRun()).isEqualTo(2);
        assertThat(config.shapes().keySet()).noneMatch(name -> name.startsWith("model.layers.2."));
    }

    @Test
    void aVisionModelOrALargerClipIsNoTextEncoder() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TextEncoder.family(new MemoryCheckpoint(
                        "clip_vision_h.safetensors",
                        Map.of("vision_model.encoder.layers.0.mlp.fc1.weight", Tensor.scalar(0)),
                        Map.of())))
                .withMessageContainingAll("clip_vision_h", "accepted are text encoders", "UMT5", "Qwen2.5-VL");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TextEncoder.family(new MemoryCheckpoint(
                        "clip_g.safetensors",
                        Map.of(
                                ClipConfig.MARK, Tensor.zeros(DType.U8, Shape.of(5120, 1280)),
                                ClipConfig.EMBEDDING, Tensor.zeros(DType.U8, Shape.of(2, 1280))),
                        Map.of())))
                .withMessageContainingAll("width 1280", "CLIP-G", "clip_l.safetensors");
    }

    @Test
    void aWrongPairNamesWhatItIsWhatWasExpectedAndWhichFileWouldFit() {
        assertThat(TargetModel.WAN.refusal(List.of(TextEncoderFamily.UMT5))).isEmpty();
        assertThat(TargetModel.WAN.refusal(List.of(TextEncoderFamily.T5)))
                .hasValueSatisfying(message -> assertThat(message)
                        .contains("T5-XXL", "LTX-Video, CogVideoX, Latte", "Wan reads", "umt5_xxl_fp16.safetensors"));
        assertThat(TargetModel.HUNYUAN_VIDEO.refusal(List.of(TextEncoderFamily.LLAMA, TextEncoderFamily.CLIP_L)))
                .isEmpty();
        assertThat(TargetModel.HUNYUAN_VIDEO.refusal(List.of(TextEncoderFamily.CLIP_L)))
                .hasValueSatisfying(message ->
                        assertThat(message).contains("no vectors per token", "llava_llama3", "together with CLIP-L"));
        assertThat(TargetModel.HUNYUAN_VIDEO_15.refusal(
                        List.of(TextEncoderFamily.QWEN_25_VL, TextEncoderFamily.CLIP_L)))
                .hasValueSatisfying(message -> assertThat(message).contains("CLIP-L", "belongs to HunyuanVideo;"));
    }

    @ParameterizedTest
    @EnumSource
    void everyEncoderHasAModelThatReadsIt(TextEncoderFamily family) {
        assertThat(TargetModel.readersOf(family)).isNotEmpty();
        assertThat(family.partners()).isNotBlank();
        assertThat(family.usualFile()).endsWith(".safetensors");
    }
}
