package dev.quantreel.engines.dit.hunyuan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HunyuanVideo15FamilyTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));
    private static final TinyTransformer TINY = new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2);
    private static final TinyTransformer DISTILLED =
            new TinyTransformer("hunyuan_video_15_i2v_diffusers.safetensors", 2);
    private static final Tensor LATENT = TinyTransformer.random(1, 1, 4, 2, 3, 5);

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @Test
    void theReleaseSaysWhatItIs() {
        TransformerFacts facts = TransformerCheckpoint.of(KeyList.of("hunyuan-video-15-original"))
                .facts();

        assertThat(facts.variant()).isEqualTo("HunyuanVideo 1.5 T2V 8.3B, 480p");
        assertThat(facts.latent())
                .isEqualTo(new TransformerFacts.Latent(
                        LatentSpace.HUNYUAN_VIDEO_15,
                        32,
                        65,
                        TransformerFacts.Patch.ONE,
                        TransformerFacts.Image.OPTIONAL_CHANNELS));
        assertThat(facts.text().encoders()).containsExactly(TextEncoderFamily.QWEN_25_VL, TextEncoderFamily.BYT5);
    }

    @ParameterizedTest
    @CsvSource({
        "hunyuanvideo1.5_480p_t2v_fp16, 5, 6, false",
        "hunyuanvideo1.5_720p_t2v_fp16, 9, 6, false",
        "hunyuanvideo1.5_720p_i2v_fp16, 7, 6, true",
        "hunyuanvideo1.5_480p_t2v_cfg_distilled_fp16, 5, 1, false",
    })
    void whatShapesDoNotTellIsReadFromTheNameOfTheFile(String name, double shift, double cfg, boolean image) {
        KeyList keys = KeyList.of("hunyuan-video-15-repackaged");
        TransformerFacts facts = TransformerCheckpoint.of(
                        new KeyList("/models/720p/" + name + ".safetensors", keys.shapes()))
                .facts();

        assertThat(facts.sampling())
                .isEqualTo(new TransformerFacts.Sampling(TransformerFacts.Prediction.FLOW, false, cfg, shift, 24));
        assertThat(facts.variant()).contains(image ? "I2V" : "T2V");
    }

    @Test
    void theSuperResolutionModelIsRefused() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        TINY.stored().names().forEach(name -> tensors.put(name, TINY.stored().tensor(name)));
        tensors.put("x_embedder.proj.weight", Tensor.zeros(DType.F32, Shape.of(32, 13, 1, 1, 1)));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> TransformerCheckpoint.of(
                        new MemoryCheckpoint("sr", tensors, TINY.stored().metadata())))
                .withMessageContainingAll("13 channels", "expected 9", "super-resolution");
    }

    @Test
    void noImageMeansZerosInItsChannels() {
        Tensor zeros = Tensor.zeros(DType.F32, Shape.of(1, 5, 2, 3, 5));
        try (DiffusionTransformer transformer = open(TINY)) {
            float[] without = prediction(transformer, conditioning(Optional.empty(), Optional.empty()));

            assertThat(prediction(transformer, conditioning(Optional.of(zeros), Optional.empty())))
                    .isEqualTo(without);
            assertThat(prediction(
                            transformer,
                            conditioning(Optional.of(TinyTransformer.random(3, 1, 5, 2, 3, 5)), Optional.empty())))
                    .isNotEqualTo(without);
        }
    }

    @Test
    void glyphsAndImageAreReadWhereTheyAreGiven() {
        Tensor glyphs = TinyTransformer.random(4, 1, 3, 10);
        try (DiffusionTransformer transformer = open(TINY)) {
            float[] plain = prediction(transformer, conditioning(Optional.empty(), Optional.empty()));
            float[] written = prediction(transformer, conditioning(Optional.empty(), Optional.of(glyphs)));
            BranchConditioning seen = new BranchConditioning(
                    TINY.conditioning(5, 4).text(),
                    Optional.of(new BranchConditioning.Image(
                            Optional.empty(), Optional.of(TinyTransformer.random(6, 1, 2, 6)), 0)),
                    OptionalDouble.empty());

            assertThat(written).isNotEqualTo(plain);
            assertThat(prediction(transformer, seen)).isNotEqualTo(plain).isNotEqualTo(written);
        }
    }

    @Test
    void branchesWithDifferentlyManyTokensDoNotDisturbEachOther() {
        BranchConditioning glyphs = conditioning(Optional.empty(), Optional.of(TinyTransformer.random(4, 1, 3, 10)));
        BranchConditioning empty = TINY.conditioning(7, 2);
        try (DiffusionTransformer transformer = open(TINY)) {
            SplitModel both = transformer.bind(glyphs, empty);
            SplitModel.Prelude first = both.prelude(LATENT, 600, Branch.CONDITIONAL, NONE);
            SplitModel.Prelude second = both.prelude(LATENT, 600, Branch.UNCONDITIONAL, NONE);
            Tensor conditional = both.trunk(first, Branch.CONDITIONAL, 8, NONE);
            Tensor unconditional = both.trunk(second, Branch.UNCONDITIONAL, 8, NONE);

            assertThat(both.head(first, conditional, NONE).toFloatArray()).isEqualTo(prediction(transformer, glyphs));
            assertThat(both.head(second, unconditional, NONE).toFloatArray()).isEqualTo(prediction(transformer, empty));
        }
    }

    @Test
    void aDistilledFileReadsWhereTheNextStepLies() {
        try (DiffusionTransformer transformer = open(DISTILLED)) {
            SplitModel model = transformer.bind(TINY.conditioning(5, 4), TINY.conditioning(5, 4));
            float[] toTheEnd = prediction(model);
            model.schedule(List.of(900f, 600f));
            float[] lastStep = prediction(model);
            model.schedule(List.of(900f, 600f, 300f, 100f));

            assertThat(lastStep).isEqualTo(toTheEnd);
            assertThat(prediction(model)).isNotEqualTo(toTheEnd);
        }
        assertThat(DISTILLED.checkpoint().facts().sampling().cfg()).isEqualTo(1);
    }

    @Test
    void encodingsOfAnotherWidthAreExplained() {
        HunyuanVideo15Transformer transformer = (HunyuanVideo15Transformer)
                Objects.requireNonNull(new HunyuanVideo15Family().releases().get("hunyuan-video-1.5"));
        Tensor qwen = Tensor.zeros(DType.F32, Shape.of(1, 3, 3584));
        BranchConditioning llama = BranchConditioning.of(Tensor.zeros(DType.F32, Shape.of(1, 3, 4096)));
        BranchConditioning t5Glyphs = BranchConditioning.of(new PromptEmbedding(
                qwen, 3, Optional.empty(), Optional.of(Tensor.zeros(DType.F32, Shape.of(1, 3, 4096)))));
        BranchConditioning clipImage = new BranchConditioning(
                PromptEmbedding.of(qwen),
                Optional.of(new BranchConditioning.Image(
                        Optional.empty(), Optional.of(Tensor.zeros(DType.F32, Shape.of(1, 257, 1280))), 0)),
                OptionalDouble.empty());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(llama))
                .withMessageContainingAll("reads 3584", "Qwen2.5-VL-7B");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(t5Glyphs))
                .withMessageContainingAll("[1x3x4096]", "1472", "byt5_small_glyphxl_fp16.safetensors");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer.conditioningInputs(clipImage))
                .withMessageContainingAll("[1x257x1280]", "1152", "sigclip_vision_patch14_384.safetensors");
    }

    private static BranchConditioning conditioning(Optional<Tensor> channels, Optional<Tensor> glyphs) {
        PromptEmbedding text = TINY.conditioning(5, 4).text();
        return new BranchConditioning(
                new PromptEmbedding(text.context(), 4, Optional.empty(), glyphs),
                channels.map(each -> new BranchConditioning.Image(Optional.of(each), Optional.empty(), 0)),
                OptionalDouble.empty());
    }

    private static DiffusionTransformer open(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        return DiffusionTransformer.open(ENGINE, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    private static float[] prediction(DiffusionTransformer transformer, BranchConditioning conditioning) {
        return prediction(transformer.bind(conditioning, conditioning));
    }

    private static float[] prediction(SplitModel model) {
        SplitModel.Prelude prelude = model.prelude(LATENT, 600, Branch.CONDITIONAL, NONE);
        return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE)
                .toFloatArray();
    }
}
