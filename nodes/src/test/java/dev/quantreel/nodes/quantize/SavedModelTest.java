package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.loading.LoadQuantized;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Save Quantized and Load Quantized: what is loaded where the original is not samples the very video of what was
/// saved.
class SavedModelTest {

    private final Path root;
    private final DemoPipeline here;
    private final DemoPipeline there;

    SavedModelTest(@TempDir Path root) throws Exception {
        this.root = root;
        this.here = DemoPipeline.in(root.resolve("here"));
        this.there = DemoPipeline.in(root.resolve("there"));
        try (Stream<Path> originals = Files.list(there.context().folders().models("diffusion_models"))) {
            for (Path original : originals.toList()) {
                Files.delete(original);
            }
        }
    }

    @AfterEach
    void close() throws Exception {
        here.context().close();
        there.context().close();
    }

    /// Chains of nodes, one for each part of a plan that a file must hold.
    enum Chain {
        ROTATED_WEIGHTS_AND_BLOCK_SCALES {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                return demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.BLOCK, ARQActivation.Bits.EIGHT);
            }
        },
        WEIGHTS_ALONE {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                return demo.bgr(demo.model(), 3);
            }
        },
        SELF_CALIBRATED_WITH_BRANCH {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                return new SelfCalibratedQuantize()
                        .run(new SelfCalibratedQuantize.Inputs(calibrated(demo), 4, 4, 8, ""), demo.context())
                        .model();
            }
        },
        SMOOTHED_IN_GROUPS_WITH_BRANCH {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                DiffusionModel model = new SVDQuant()
                        .run(new SVDQuant.Inputs(calibrated(demo), 4, 8, 2, ""), demo.context())
                        .model();
                return demo.arq(model, ARQActivation.Mode.TOKEN, ARQActivation.Bits.EIGHT);
            }
        },
        LEVELS_OF_A_TABLE {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                DiffusionModel weights = new OrbitWeights()
                        .run(new OrbitWeights.Inputs(demo.model(), 4, ""), demo.context())
                        .model();
                return new OrbitQuantActivation()
                        .run(
                                new OrbitQuantActivation.Inputs(weights, ARQActivation.Bits.FOUR, 3, false),
                                demo.context())
                        .model();
            }
        },
        MULTIPLES_AND_OWN_BITS {
            @Override
            DiffusionModel of(DemoPipeline demo) throws Exception {
                DiffusionModel grouped = new WeightGroups()
                        .run(
                                new WeightGroups.Inputs(demo.bgr(demo.model(), 4), 64, WeightGroups.Steps.MULTIPLES),
                                demo.context())
                        .model();
                DiffusionModel ruled = new LayerPrecision()
                        .run(
                                new LayerPrecision.Inputs(
                                        grouped, LayerPrecision.Preset.NONE, "ffn[.]2$ = 6", 1, 0, 16, "cross_attn.k"),
                                demo.context())
                        .model();
                return demo.arq(ruled, ARQActivation.Mode.AUTO, ARQActivation.Bits.FOUR);
            }
        };

        abstract DiffusionModel of(DemoPipeline demo) throws Exception;

        static DiffusionModel rotatedIn32(DemoPipeline demo, boolean splitMean, boolean fuseValues) throws Exception {
            return new ARQActivation()
                    .run(
                            new ARQActivation.Inputs(
                                    demo.bgr(demo.model(), 4),
                                    ARQActivation.Mode.BLOCK,
                                    ARQActivation.Bits.EIGHT,
                                    32,
                                    0,
                                    new RotatedInputs(32, 5, RotationChoice.BLOCKS, splitMean, fuseValues)),
                            demo.context())
                    .model();
        }

        static DiffusionModel calibrated(DemoPipeline demo) throws Exception {
            return new SelfCalibration()
                    .run(
                            new SelfCalibration.Inputs(demo.model(), demo.clip(), demo.latent(), "", 1, 2, 1, 5),
                            demo.context())
                    .model();
        }
    }

    /// Saves a model in one place and puts the file where the other looks for models.
    private String saved(DiffusionModel model) throws Exception {
        String path = new SaveQuantized()
                .run(new SaveQuantized.Inputs(model, "diffusion_models/quantized", "tested"), here.context())
                .path();
        Path target = there.context().folders().models("diffusion_models").resolve("q.safetensors");
        Files.copy(Path.of(path), target);
        return target.getFileName().toString();
    }

    private DiffusionModel loaded(String file) throws Exception {
        return new LoadQuantized()
                .run(new LoadQuantized.Inputs(file), there.context())
                .model();
    }

    private static float[] latent(DemoPipeline demo, DiffusionModel model) throws Exception {
        Tensor samples = demo.sample(model).latent().samples();
        return samples.toFloatArray();
    }

    @ParameterizedTest
    @EnumSource
    void aFileSamplesTheVeryLatentOfTheModelThatWasSaved(Chain chain) throws Exception {
        DiffusionModel model = chain.of(here);
        DiffusionModel read = loaded(saved(model));

        assertThat(read.plan()).isEqualTo(model.plan());
        assertThat(read.precision()).isEqualTo(model.precision());
        assertThat(latent(there, read)).isEqualTo(latent(here, model));
        assertThat(ModelAssembly.weights(read, there.context()).memory())
                .isEqualTo(ModelAssembly.weights(model, here.context()).memory());
    }

    /// The sums of rows before they were quantized lie beside the codes (ADR 0031).
    @Test
    void splitMeansTakeTheSumsOfTheOriginalWeights() throws Exception {
        DiffusionModel model = Chain.rotatedIn32(here, true, false);
        DiffusionModel read = loaded(saved(model));

        assertThat(read.plan()).isEqualTo(model.plan());
        assertThat(latent(there, read)).isEqualTo(latent(here, model));
    }

    @Test
    void activationsMayBeChosenAnewBehindAFileWithABranch() throws Exception {
        DiffusionModel model = Chain.SELF_CALIBRATED_WITH_BRANCH.of(here);
        DiffusionModel six = there.arq(loaded(saved(model)), ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX);

        assertThat(six.precision()).isEqualTo("W4A6");
        assertThat(latent(there, six))
                .isEqualTo(latent(here, here.arq(model, ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX)));
    }

    @Test
    void otherWeightsAreRefusedWithTheNameOfTheOriginal() throws Exception {
        DiffusionModel three = there.bgr(loaded(saved(Chain.ROTATED_WEIGHTS_AND_BLOCK_SCALES.of(here))), 3);

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> ModelAssembly.weights(three, there.context()))
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"))
                .withMessageContaining("holds weights quantized as tested, W4A8")
                .withMessageContaining("Quantize quantreel_demo_dit_bf16.safetensors for other weights");
    }

    @Test
    void theReportNamesSourceAndVersion() throws Exception {
        String file = saved(Chain.WEIGHTS_ALONE.of(here));
        Path original =
                here.context().folders().models("diffusion_models").resolve("quantreel_demo_dit_bf16.safetensors");

        try (CheckpointFile opened = CheckpointFiles.open(
                        there.context().folders().models("diffusion_models").resolve(file));
                CheckpointFile source = CheckpointFiles.open(original)) {
            ArtifactReport report = ArtifactReport.of(opened).orElseThrow();
            assertThat(report.header().tool()).matches("Quantreel \\d+\\.\\d+\\.\\d+.*");
            assertThat(report.header().source().name()).isEqualTo("quantreel_demo_dit_bf16.safetensors");
            assertThat(Artifact.of(opened.stored()).orElseThrow().isFrom(source.digest()))
                    .isTrue();
            assertThat(report.parameters())
                    .isEqualTo(source.names().stream()
                            .mapToLong(name -> source.shape(name).elements())
                            .sum());
        }
    }

    @Test
    void whatAFileCannotHoldIsRefusedBeforeItIsWritten() throws Exception {
        assertRefused(here.model(), "is in full precision; connect a quantize node");
        assertRefused(Chain.rotatedIn32(here, false, true), "moves rotations into the weights of its values");
        assertRefused(SmoothQuantOfInputTest.smoothed(here, 0.5), "rounds its weights anew at every step");
        assertThat(root.resolve("here/output")).doesNotExist();
    }

    /// Its branches count differently from frame to frame.
    @Test
    void anEstimateOfTheErrorIsSavedWithTheCodes() throws Exception {
        DiffusionModel quantized = here.arq(here.bgr(here.model(), 3), ARQActivation.Mode.AUTO, ARQActivation.Bits.SIX);
        DiffusionModel estimated = new EstimateError()
                .run(
                        new EstimateError.Inputs(
                                quantized,
                                new WatchedVideos(here.prompt("a ring"), Optional.empty(), here.latent(), 2, 1, 3, 7),
                                1,
                                EstimateError.FrameFactors.SOLVED,
                                24,
                                0.01),
                        here.context())
                .model();

        DiffusionModel read = loaded(saved(estimated));

        assertThat(latent(there, read)).isEqualTo(latent(here, estimated)).isNotEqualTo(latent(here, quantized));
    }

    private void assertRefused(DiffusionModel model, String reason) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new SaveQuantized()
                        .run(new SaveQuantized.Inputs(model, "diffusion_models/quantized", ""), here.context()))
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"))
                .withMessageContaining(reason);
    }

    @Test
    void filesThatAreNoneAreRefusedWithWhatTheyAre() throws Exception {
        String file = saved(Chain.WEIGHTS_ALONE.of(here));
        Path path = there.context().folders().models("diffusion_models").resolve(file);
        Files.copy(
                here.context().folders().models("diffusion_models").resolve("quantreel_demo_dit_bf16.safetensors"),
                path.resolveSibling("plain.safetensors"));
        Files.copy(path, path.resolveSibling("half.safetensors"));
        markUnfinished(path.resolveSibling("half.safetensors"));
        try (FileChannel cut = FileChannel.open(path, StandardOpenOption.WRITE)) {
            cut.truncate(cut.size() * 2 / 3);
        }

        assertUnloadable("plain.safetensors", "Load DiT opens all others");
        assertUnloadable("half.safetensors", "is an unfinished quantized file: its writing was stopped");
        assertUnloadable(file, "truncated");
    }

    /// A file as a kill leaves it: its header says so, in as many bytes.
    private static void markUnfinished(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        String header = new String(bytes, 0, 1 << 12, StandardCharsets.ISO_8859_1);
        String mark = "\"quantreel.complete\":\"";
        int at = header.indexOf(mark);
        assertThat(at).isPositive();
        bytes[at + mark.length()] = '0';
        Files.write(file, bytes);
    }

    private void assertUnloadable(String file, String reason) {
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> loaded(file))
                .withMessageContaining(file)
                .withMessageContaining(reason);
    }

    @Test
    void aPlanReadFromAFileIsTheOneThatWasSaved() throws Exception {
        QuantizationPlan plan =
                Chain.SMOOTHED_IN_GROUPS_WITH_BRANCH.of(here).plan().orElseThrow();
        QuantizationPlan read = loaded(saved(Chain.SMOOTHED_IN_GROUPS_WITH_BRANCH.of(here)))
                .plan()
                .orElseThrow();

        assertThat(read.smoothing()).isEqualTo(plan.smoothing());
        assertThat(read.branch()).isEqualTo(plan.branch());
        assertThat(read.statistics()).isEqualTo(plan.statistics());
        assertThat(read.weight().granularity()).isEqualTo(plan.weight().granularity());
    }
}
