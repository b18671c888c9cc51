package dev.quantreel.engines.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The shipped demo model against what its trainer (PyTorch) computed from the very files: text, one step, pictures.
class DemoModelTest {

    private static final Path MODELS = Path.of("..", "workflows", "demo-models");
    private static final Path TEXT_ENCODER = MODELS.resolve("text_encoders/quantreel_demo_umt5_bf16.safetensors");
    private static final CancellationToken NONE = CancellationToken.NONE;

    private final SafetensorsFile golden =
            SafetensorsFile.open(Path.of("src/test/resources/demo/demo_golden.safetensors"));
    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @BeforeEach
    void theFixtureHasPrompts() {
        assertThat(captions()).isNotEmpty();
    }

    @AfterEach
    void close() {
        engine.close();
        golden.close();
    }

    @Test
    void promptsBecomeTheTrainersEmbeddings() {
        try (SafetensorsFile file = SafetensorsFile.open(TEXT_ENCODER);
                TextEncoder encoder = TextEncoder.open(engine, file, PromptTokenizer.of(file, TEXT_ENCODER))) {
            Tensor expected = golden.tensor("text");
            int length = (int) expected.shape().dim(1);
            for (int i = 0; i < captions().size(); i++) {
                Tensor text = encoder.encode(captions().get(i), length, NONE);

                assertThat(GoldenFile.maxAbsoluteError(text, slice(expected, i)))
                        .isLessThan(1e-4);
            }
            Tensor empty = encoder.encode("", length, NONE);
            assertThat(GoldenFile.maxAbsoluteError(empty, slice(golden.tensor("empty_text"), 0)))
                    .isLessThan(1e-4);
        }
    }

    @Test
    void aPromptThatIsTooLongKeepsItsEnd() {
        try (SafetensorsFile file = SafetensorsFile.open(TEXT_ENCODER);
                PromptTokenizer tokenizer = PromptTokenizer.of(file, TEXT_ENCODER)) {
            int[] ids = tokenizer.encode("a red circle ".repeat(400));

            assertThat(ids).hasSize(1201).endsWith(1);
            try (TextEncoder encoder = TextEncoder.open(engine, file, PromptTokenizer.of(file, TEXT_ENCODER))) {
                Tensor text = encoder.encode("a red circle ".repeat(400), 16, NONE);
                int[] cut = {3, 7, 19, 3, 7, 19, 3, 7, 19, 3, 7, 19, 3, 7, 19, 1};

                assertThat(GoldenFile.maxAbsoluteError(text, encoder.encode(cut, 16, NONE)))
                        .isZero();
            }
        }
    }

    @Test
    void theFirstStepOfBothBranchesAgrees() {
        Path path = MODELS.resolve("diffusion_models/quantreel_demo_dit_bf16.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            FloatLinears linears = new FloatLinears(new FloatWeights(checkpoint));
            try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
                for (int i = 0; i < captions().size(); i++) {
                    SplitModel model =
                            transformer.bind(slice(golden.tensor("text"), i), slice(golden.tensor("empty_text"), 0));
                    SplitModel.Prelude prelude =
                            model.prelude(slice(golden.tensor("noise"), i), 1000f, Branch.CONDITIONAL, NONE);
                    for (Branch branch : Branch.values()) {
                        Tensor tokens = model.trunk(prelude, branch, 8, NONE);
                        Tensor expected = slice(
                                golden.tensor(
                                        branch == Branch.CONDITIONAL
                                                ? "velocity_conditional"
                                                : "velocity_unconditional"),
                                i);

                        assertThat(GoldenFile.maxAbsoluteError(model.head(prelude, tokens, NONE), expected))
                                .isLessThan(1e-4);
                    }
                }
            }
        }
    }

    @Test
    void theFinalLatentBecomesTheTrainersPictures() {
        Path path = MODELS.resolve("vae/quantreel_demo_taehv_bf16.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path);
                VaeDecoder decoder = VaeDecoder.open(engine, file)) {
            Frames frames = decoder.decode(slice(golden.tensor("final_latent"), 0), NONE);
            Tensor expected = Conversions.toF32(golden.tensor("frames"));
            int pictures = (int) expected.shape().dim(1);

            assertThat(frames.count()).isEqualTo(pictures);
            int worst = 0;
            float[] bytes = expected.toFloatArray();
            for (int picture = 0; picture < pictures; picture++) {
                byte[] rgb = frames.rgb24(picture);
                for (int i = 0; i < rgb.length; i++) {
                    worst = Math.max(worst, Math.abs((rgb[i] & 0xFF) - (int) bytes[picture * rgb.length + i]));
                }
            }
            assertThat(worst).as("largest difference of a byte").isLessThanOrEqualTo(1);
        }
    }

    private List<String> captions() {
        String json = golden.metadata().getOrDefault("captions", "[]");
        Stream<MatchResult> quoted =
                Pattern.compile("\"([^\"]+)\"").matcher(json).results();
        return quoted.map(match -> match.group(1)).toList();
    }

    /// One item of a batch, keeping a batch axis of one.
    private static Tensor slice(Tensor batch, long index) {
        long[] dims = batch.shape().toArray();
        long bytes = batch.data().byteSize() / dims[0];
        dims[0] = 1;
        return new Tensor(DType.F32, Shape.of(dims), batch.data().asSlice(index * bytes, bytes));
    }
}
