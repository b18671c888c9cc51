package dev.quantreel.engines.dit.hunyuan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

class HunyuanVideoFamilyTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final TinyTransformer TINY = new TinyTransformer("hunyuan_video_diffusers.safetensors", 3);
    private static final Shape LATENT = Shape.of(1, 4, 3, 4, 6);

    @Test
    void theReleaseSaysWhatItIsAndHowItIsSampled() {
        TransformerFacts facts =
                TransformerCheckpoint.of(KeyList.of("hunyuan-video-original")).facts();

        assertThat(facts.variant()).isEqualTo("HunyuanVideo T2V 13B");
        assertThat(facts.sizes()).isEqualTo(new TransformerFacts.Sizes(3072, 24, 60));
        assertThat(facts.text())
                .isEqualTo(new TransformerFacts.Text(
                        List.of(TextEncoderFamily.LLAMA, TextEncoderFamily.CLIP_L), 4096, 256, 768));
        assertThat(facts.sampling())
                .isEqualTo(new TransformerFacts.Sampling(TransformerFacts.Prediction.FLOW, true, 6, 7, 24));
        assertThat(facts.latent().image()).isEqualTo(TransformerFacts.Image.NONE);
    }

    @Test
    void additionalInputChannelsAreAnImage() {
        TransformerFacts facts = TransformerCheckpoint.of(changed((tensors, metadata) ->
                        tensors.put("x_embedder.proj.weight", Tensor.zeros(DType.F32, Shape.of(32, 9, 1, 2, 2)))))
                .facts();

        assertThat(facts.variant()).startsWith("HunyuanVideo I2V");
        assertThat(facts.latent().image()).isEqualTo(TransformerFacts.Image.CHANNELS);
        assertThat(facts.latent().inChannels()).isEqualTo(9);
    }

    @Test
    void filesWithoutGuidanceInputAreReadWithoutIt() {
        TransformerCheckpoint plain = TransformerCheckpoint.of(changed((tensors, metadata) ->
                tensors.keySet().removeIf(name -> name.startsWith("time_text_embed.guidance_embedder."))));

        assertThat(plain.facts().sampling())
                .isEqualTo(new TransformerFacts.Sampling(TransformerFacts.Prediction.FLOW, false, 1, 7, 24));
        assertThat(plain.architecture().conditioningInputs(TINY.conditioning(1, 5)))
                .containsOnlyKeys("context", "pooled");
    }

    @Test
    void tokenReplacementIsRefusedWithTheFileThatWouldDo() {
        Checkpoint replaced = changed((tensors, metadata) -> metadata.computeIfPresent(
                "config",
                (key, config) -> config.replaceFirst("\\{", "{\"image_condition_type\": \"token_replace\", ")));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(replaced))
                .withMessageContainingAll("token replacement", "33 input channels");
    }

    @Test
    void aFluxFileIsNotHunyuan() {
        Checkpoint flux = new MemoryCheckpoint(
                "flux1-dev.safetensors",
                Map.of(
                        "double_blocks.0.img_attn.qkv.weight", Tensor.scalar(0),
                        "double_blocks.0.img_attn.norm.query_norm.scale", Tensor.scalar(0),
                        "vector_in.in_layer.weight", Tensor.scalar(0),
                        "txt_in.weight", Tensor.scalar(0)),
                Map.of());

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(flux))
                .withMessageContainingAll("flux1-dev.safetensors", "Flux", "makes images", "HunyuanVideo 1.5");
    }

    @Test
    void aRelativeThatMakesImagesIsToldFromTheVideoModel() {
        Checkpoint image = new MemoryCheckpoint(
                "hunyuanimage2.1.safetensors",
                Map.of(
                        "double_blocks.0.img_attn_qkv.weight", Tensor.scalar(0),
                        "txt_in.individual_token_refiner.blocks.0.norm1.weight", Tensor.scalar(0),
                        "byt5_in.fc1.weight", Tensor.scalar(0)),
                Map.of());

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(image))
                .withMessageContaining("HunyuanImage");
    }

    @Test
    void aMissingTensorIsNamedAsTheFileWouldCallIt() {
        Checkpoint torn = changed((tensors, metadata) -> tensors.remove("single_transformer_blocks.1.proj_out.weight"));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(torn))
                .withMessageContainingAll("single_transformer_blocks.1.proj_out.weight", "is missing", "diffusers");
    }

    @Test
    void aPromptOfAnotherEncoderIsExplained() {
        HunyuanVideoTransformer transformer = (HunyuanVideoTransformer)
                Objects.requireNonNull(new HunyuanVideoFamily().releases().get("hunyuan-video"));
        BranchConditioning qwen = BranchConditioning.of(Tensor.zeros(DType.F32, Shape.of(1, 3, 3584)));
        BranchConditioning umt5 = BranchConditioning.of(Tensor.zeros(DType.F32, Shape.of(1, 3, 4096)));
        BranchConditioning clipG = BranchConditioning.of(new PromptEmbedding(
                Tensor.zeros(DType.F32, Shape.of(1, 3, 4096)),
                3,
                Optional.of(Tensor.zeros(DType.F32, Shape.of(1, 1280))),
                Optional.empty()));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(qwen))
                .withMessageContainingAll("3584", "reads 4096", "LLaVA-Llama-3-8B");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(umt5))
                .withMessageContainingAll("no pooled vector", "clip_l.safetensors", "T5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(clipG))
                .withMessageContainingAll("768 values", "[1x1280]");
    }

    @Test
    void paddingBehindThePromptChangesNothing() {
        BranchConditioning exact = TINY.conditioning(5, 4);
        PromptEmbedding padded =
                new PromptEmbedding(exact.text().padded(9), 4, exact.text().pooled(), Optional.empty());
        try (Engine engine = engine();
                DiffusionTransformer transformer = open(engine)) {
            float[] expected = prediction(transformer, exact);

            assertThat(prediction(transformer, BranchConditioning.of(padded))).isEqualTo(expected);
        }
    }

    @Test
    void guidancePooledTextAndTimestepAllMatter() {
        BranchConditioning usual = TINY.conditioning(5, 4);
        BranchConditioning strong = new BranchConditioning(usual.text(), Optional.empty(), OptionalDouble.of(9));
        BranchConditioning same = new BranchConditioning(usual.text(), Optional.empty(), OptionalDouble.of(6));
        BranchConditioning otherPooled = BranchConditioning.of(new PromptEmbedding(
                usual.text().context(), 4, Optional.of(TinyTransformer.random(99, 1, 8)), Optional.empty()));
        try (Engine engine = engine();
                DiffusionTransformer transformer = open(engine)) {
            float[] expected = prediction(transformer, usual);

            assertThat(prediction(transformer, same)).isEqualTo(expected);
            assertThat(prediction(transformer, strong)).isNotEqualTo(expected);
            assertThat(prediction(transformer, otherPooled)).isNotEqualTo(expected);
        }
    }

    @Test
    void theInputOfTheFirstBlockCanBeWatched() {
        BranchConditioning conditioning = TINY.conditioning(5, 4);
        try (Engine engine = engine();
                DiffusionTransformer transformer = open(engine)) {
            SplitModel model = transformer.bind(conditioning, conditioning);
            Tensor latent = TinyTransformer.random(1, LATENT.toArray());
            Tensor early = watched(model, latent, 900);

            assertThat(early.shape()).isEqualTo(Shape.of(1, 18, 32));
            assertThat(watched(model, latent, 900).toFloatArray()).isEqualTo(early.toFloatArray());
            assertThat(watched(model, latent, 100).toFloatArray()).isNotEqualTo(early.toFloatArray());
        }
    }

    private static Tensor watched(SplitModel model, Tensor latent, float timestep) {
        return Objects.requireNonNull(model.prelude(latent, timestep, Branch.CONDITIONAL, NONE)
                .outputs()
                .get(SplitGraphs.MODULATED_INPUT));
    }

    private static Checkpoint changed(BiConsumer<Map<String, Tensor>, Map<String, String>> change) {
        Checkpoint stored = TINY.stored();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
        Map<String, String> metadata = new LinkedHashMap<>(stored.metadata());
        change.accept(tensors, metadata);
        return new MemoryCheckpoint(stored.source(), tensors, metadata);
    }

    private static Engine engine() {
        return new OrtEngineProvider().create(new EngineOptions(1));
    }

    private static DiffusionTransformer open(Engine engine) {
        TransformerCheckpoint checkpoint = TINY.checkpoint();
        return DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    private static float[] prediction(DiffusionTransformer transformer, BranchConditioning conditioning) {
        SplitModel model = transformer.bind(conditioning, conditioning);
        SplitModel.Prelude prelude =
                model.prelude(TinyTransformer.random(1, LATENT.toArray()), 600, Branch.CONDITIONAL, NONE);
        return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE)
                .toFloatArray();
    }
}
