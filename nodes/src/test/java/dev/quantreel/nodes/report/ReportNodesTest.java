package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.video.VideoMetadata;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Trace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportNodesTest {

    private static final int BLOCK_LINEARS = 10;

    private final DemoPipeline demo;

    ReportNodesTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
        demo.context().running(new WorkflowMetadata(Optional.of("{\"1\":{}}"), Optional.empty()));
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private QuantizationReport.Outputs report(DiffusionModel model, boolean measured) throws Exception {
        return new QuantizationReport()
                .run(
                        new QuantizationReport.Inputs(
                                model,
                                measured
                                        ? Optional.of(
                                                demo.prompt("a small green square moving up on a black background"))
                                        : Optional.empty(),
                                Optional.empty(),
                                2,
                                1,
                                "r/report"),
                        demo.context());
    }

    private Path output(String name) throws Exception {
        Path file = demo.context().folders().output().resolve(name);
        if (name.endsWith(".png")) {
            Path kept = Files.createDirectories(Path.of("target/plots")).resolve("report-" + file.getFileName());
            Files.write(kept, Files.readAllBytes(file));
        }
        return file;
    }

    @Test
    void everyQuantizedLayerIsMeasuredAndNoisePartsAddUp() throws Exception {
        DiffusionModel model = demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.AUTO, ARQActivation.Bits.FOUR);
        QuantizationReport.Outputs out = report(model, true);
        JsonNode json =
                new ObjectMapper().readTree(output("r/report_00001_.json").toFile());

        assertThat(json.path("layers"))
                .hasSize(BLOCK_LINEARS * model.facts().sizes().layers());
        assertThat(json.path("layers")).allSatisfy(layer -> {
            double both = layer.path("sqnrDb").asDouble();
            double weights = layer.path("sqnrWeightsDb").asDouble();
            double activations = layer.path("sqnrActivationsDb").asDouble();
            assertThat(both).isBetween(5.0, 40.0).isLessThan(Math.min(weights, activations) + 0.5);
            assertThat(layer.path("bits").asInt()).isEqualTo(4);
            assertThat(layer.path("errorStd").asDouble())
                    .isLessThan(layer.path("minMaxErrorStd").asDouble());
        });
        assertThat(json.path("layers")).allSatisfy(layer -> {
            JsonNode inputs = layer.path("inputShape");
            assertThat(inputs.path("after").path("histogram")).hasSize(Distribution.BINS);
            assertThat(inputs.path("before").path("crestFactor").asDouble()).isGreaterThan(1);
        });
        assertThat(json.path("layers").findValues("inputShape").stream()
                        .filter(shape -> shape.path("after").path("kurtosis").asDouble()
                                < shape.path("before").path("kurtosis").asDouble())
                        .count())
                .as("layers whose inputs a rotation makes more Gaussian")
                .isGreaterThan(json.path("layers").size() / 2);
        assertThat(output("r/report_00001_.histograms.png")).exists();
        assertThat(out.ratio()).isBetween(2.5, 4.0);
        assertThat(out.report()).contains("blocks.0.self_attn.q", "256x256", "times smaller");
        assertThat(VideoMetadata.read(output("r/report_00001_.sqnr.png"))).containsKey("prompt");
        assertThat(output("r/report_00001_.weights.png")).exists();
        assertThat(demo.context().shown())
                .filteredOn(UiItem.FileItem.class::isInstance)
                .hasSize(4);
    }

    @Test
    void aDistributionKnowsOutliersFromGaussians() {
        Random random = new Random(3);
        float[] gaussian = new float[20_000];
        for (int i = 0; i < gaussian.length; i++) {
            gaussian[i] = (float) (7 * random.nextGaussian());
        }
        Distribution plain = Distribution.of(List.of(gaussian));
        float[] spiked = gaussian.clone();
        spiked[5] = 700;
        Distribution outlier = Distribution.of(List.of(spiked));

        assertThat(plain.kurtosis()).isBetween(2.8, 3.2);
        assertThat(plain.crest()).isBetween(3.5, 5.5);
        assertThat(outlier.kurtosis()).isGreaterThan(100);
        assertThat(outlier.crest()).isGreaterThan(50);
        assertThat(outlier.shares()[Distribution.BINS - 1]).isEqualTo(1.0 / 20_000);
        assertThat(DoubleStream.of(plain.shares()).sum()).isCloseTo(1, offset(1e-9));
    }

    @Test
    void withoutAPromptOnlyTheWeightsAreReported() throws Exception {
        report(demo.bgr(demo.model(), 3), false);
        JsonNode json =
                new ObjectMapper().readTree(output("r/report_00001_.json").toFile());

        assertThat(json.path("layers").path(0).path("bits").asInt()).isEqualTo(3);
        assertThat(json.path("layers").path(0).has("sqnrDb")).isFalse();
        assertThat(demo.context().folders().output().resolve("r/report_00001_.sqnr.png"))
                .doesNotExist();
    }

    @Test
    void weightOnlyQuantizationHasNoActivationNoise() throws Exception {
        report(demo.bgr(demo.model(), 4), true);
        JsonNode json =
                new ObjectMapper().readTree(output("r/report_00001_.json").toFile());

        assertThat(json.path("layers")).allSatisfy(layer -> {
            assertThat(layer.has("sqnrActivationsDb")).isFalse();
            assertThat(layer.path("sqnrDb").asDouble())
                    .isEqualTo(layer.path("sqnrWeightsDb").asDouble());
        });
    }

    @Test
    void aFullPrecisionModelIsRefusedWithTheRemedy() throws Exception {
        DiffusionModel model = demo.model();

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> report(model, false))
                .withMessageContaining("full precision")
                .withMessageContaining("BGR Quantize")
                .satisfies(e -> assertThat(e.port()).isEqualTo("model"));
    }

    @Test
    void theTimelineMapsBlocksWithBitsOfTheirOwn() throws Exception {
        DiffusionModel model = demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.AUTO, ARQActivation.Bits.EIGHT);
        BitPlan bits = new BitPlan(new BlockwiseGbs(DeltaGbs.of(0.5)), "by block");
        SampleVideo.Outputs sampled = demo.sample(model, Optional.of(bits), Optional.empty());
        BitTimeline.Outputs out =
                new BitTimeline().run(new BitTimeline.Inputs(sampled.trace(), "t/blocks"), demo.context());
        BitTimeline.Outputs byStep = new BitTimeline()
                .run(
                        new BitTimeline.Inputs(
                                new Trace(
                                        new SamplingTrace(
                                                sampled.trace().steps().steps()),
                                        true,
                                        "by step"),
                                "t/steps"),
                        demo.context());
        JsonNode json =
                new ObjectMapper().readTree(output("t/blocks_00001_.json").toFile());

        assertThat(json.path("blocks").path("names")).isNotEmpty();
        assertThat(json.path("blocks").path("conditional")).hasSize(8);
        assertThat(json.path("blocks").path("unconditional").path(7).path("bits"))
                .hasSameSizeAs(json.path("blocks").path("names"));
        assertThat(json.path("blocks").path("conditional").path(0).path("changes"))
                .isEmpty();
        assertThat(out.meanBits()).isBetween(4.0, 8.0);
        assertThat(out.plot().frames().height())
                .isGreaterThan(byStep.plot().frames().height());
    }

    @Test
    void theTimelineSavesPlotAndFigures() throws Exception {
        SampleVideo.Outputs sampled = demo.sample(
                demo.model(),
                Optional.empty(),
                Optional.of(new CachePlan.Tea(Optional.empty(), false, 0.15, StepWindow.ALL)));
        BitTimeline.Outputs out =
                new BitTimeline().run(new BitTimeline.Inputs(sampled.trace(), "t/line"), demo.context());
        JsonNode json = new ObjectMapper().readTree(output("t/line_00001_.json").toFile());

        assertThat(json.path("steps")).hasSize(8);
        assertThat(json.path("steps").path(0).has("relativeL1")).isFalse();
        assertThat(json.path("steps").path(1).path("relativeL1").asDouble()).isPositive();
        assertThat(json.path("steps").path(0).has("activationBits")).isFalse();
        assertThat(json.path("reusedPasses").asLong())
                .isEqualTo(sampled.trace().steps().reusedPasses());
        assertThat(out.meanBits()).isEqualTo(16);
        assertThat(out.report().lines().filter(line -> line.contains("reused")))
                .hasSize((int) sampled.trace().steps().steps().stream()
                        .filter(step -> !step.isComputed())
                        .count());
        assertThat(List.of(output("t/line_00001_.png")))
                .allSatisfy(file -> assertThat(file).isNotEmptyFile());
    }
}
