package dev.quantreel.nodes.report;

import static dev.quantreel.nodes.report.ExpertPipeline.methods;
import static dev.quantreel.nodes.report.ExpertPipeline.pair;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.quantize.MinMaxQuantize.ActivationBits;
import dev.quantreel.nodes.sampling.ImageToVideo;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.testing.SceneRequest;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Error Curves, Report Card and Sweep of models that share a generation, and of generations that start from a picture.
class ExpertEvidenceTest {

    private final ExpertPipeline tiny;

    ExpertEvidenceTest(@TempDir Path root) throws Exception {
        tiny = ExpertPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        tiny.context().close();
    }

    private static SceneRequest scene(Latent latent) {
        return new SceneRequest(latent).steps(ExpertPipeline.STEPS).cfg(1);
    }

    private JsonNode json(String name) throws Exception {
        return new ObjectMapper().readTree(tiny.output(name).toFile());
    }

    private JsonNode curves(Methods methods, SceneRequest scene, Conditioning prompt) throws Exception {
        new ErrorCurves()
                .run(new ErrorCurves.Inputs(methods, scene.of(prompt, Optional.empty()), "r/curves"), tiny.context());
        return json("r/curves_00001_.json").path("methods");
    }

    private static List<Double> numbers(JsonNode array) {
        List<Double> values = new ArrayList<>();
        array.forEach(value -> values.add(value.asDouble()));
        return values;
    }

    @Test
    void curvesShowTheErrorOfEachExpertAtItsOwnSteps() throws Exception {
        DiffusionModel high = tiny.wan("high", 16, 7);
        DiffusionModel low = tiny.wan("low", 16, 8);
        JsonNode methods = curves(
                methods(
                        pair("high", tiny.quantized(high), low),
                        pair("low", high, tiny.quantized(low)),
                        Candidate.of("alone", high)),
                scene(tiny.latent(64)),
                tiny.prompt("a cat"));

        List<Double> ofHigh = numbers(methods.path(0).path("teacherForcedPercent"));
        List<Double> ofLow = numbers(methods.path(1).path("teacherForcedPercent"));
        List<Double> alone = numbers(methods.path(2).path("teacherForcedPercent"));
        List<Double> free = numbers(methods.path(1).path("freeRunningPercent"));
        assertThat(List.of(ofHigh.size(), ofLow.size(), alone.size(), free.size()))
                .containsOnly(6);
        assertThat(ofHigh.subList(0, 3)).allSatisfy(error -> assertThat(error).isGreaterThan(0.1));
        assertThat(ofHigh.subList(3, 6)).allSatisfy(error -> assertThat(error).isLessThan(1e-4));
        assertThat(ofLow.subList(0, 3)).allSatisfy(error -> assertThat(error).isLessThan(1e-4));
        assertThat(ofLow.subList(3, 6)).allSatisfy(error -> assertThat(error).isGreaterThan(0.1));
        assertThat(alone.subList(0, 3)).allSatisfy(error -> assertThat(error).isLessThan(1e-4));
        assertThat(alone.subList(3, 6)).allSatisfy(error -> assertThat(error).isGreaterThan(10));
        assertThat(free.subList(0, 3)).allSatisfy(error -> assertThat(error).isLessThan(1e-4));
        assertThat(free.getLast()).isGreaterThan(0.01);
    }

    @Test
    void curvesOfAVideoThatStartsFromAPictureHaveTheErrorsOfBothExperts() throws Exception {
        DiffusionModel high = tiny.wan("high", 36, 7);
        DiffusionModel low = tiny.wan("low", 36, 8);
        ImageToVideo.Outputs start = tiny.start(high, 1, 0);
        JsonNode methods = curves(
                methods(pair("both", tiny.quantized(high), tiny.quantized(low))),
                scene(start.latent()),
                start.positive());

        assertThat(numbers(methods.path(0).path("teacherForcedPercent")))
                .hasSize(6)
                .allSatisfy(error -> assertThat(error).isBetween(0.1, 100.0));
    }

    private ReportCard.Outputs card(Methods methods, Optional<Conditioning> picture, SceneRequest scene)
            throws Exception {
        return new ReportCard()
                .run(
                        new ReportCard.Inputs(
                                methods,
                                tiny.clip(),
                                "a cat\na dog",
                                "",
                                Optional.of(tiny.vae()),
                                picture,
                                1,
                                scene.inputs(),
                                "Card",
                                "r/card",
                                true),
                        tiny.context());
    }

    @Test
    void aCardOfExpertsThatStartFromAPictureHasTheBitsAndBytesOfBoth() throws Exception {
        DiffusionModel high = tiny.wan("high", 36, 7);
        DiffusionModel low = tiny.wan("low", 36, 8);
        ImageToVideo.Outputs red = tiny.start(high, 1, 0);
        Methods methods = methods(
                pair("both", tiny.quantized(high), tiny.quantized(low, 4, ActivationBits.FOUR)),
                pair("high alone", tiny.quantized(high), low),
                pair("none", high, low));
        card(methods, Optional.of(red.positive()), scene(red.latent()));
        JsonNode rows = json("r/card_00001_.json").path("methods");

        assertThat(rows.findValuesAsText("precision"))
                .containsExactly("W4A8 + W4A4", "W4A8 + full precision", "full precision");
        assertThat(List.of(mean(rows, 0, "activationBits"), mean(rows, 1, "activationBits")))
                .containsExactly(6.0, 12.0);
        assertThat(mean(rows, 2, "weightGib") - mean(rows, 1, "weightGib"))
                .isPositive()
                .isCloseTo(mean(rows, 1, "weightGib") - mean(rows, 0, "weightGib"), withinTenthOf(rows));
        assertThat(mean(rows, 2, "teacherForced")).isLessThan(1e-6);
        assertThat(mean(rows, 0, "teacherForced")).isGreaterThan(mean(rows, 1, "teacherForced"));
        assertThat(mean(rows, 0, "psnrDb")).isBetween(5.0, 90.0);
        assertThat(rows.path(0).path("generations").findValuesAsText("prompt")).containsExactly("a cat", "a dog");

        int known = results("r/card").size();
        assertThat(known).isEqualTo(6);
        ImageToVideo.Outputs blue = tiny.start(high, 0, 1);
        card(methods, Optional.of(blue.positive()), scene(blue.latent()));
        assertThat(results("r/card")).hasSize(2 * known);
        assertThat(mean(json("r/card_00002_.json").path("methods"), 0, "teacherForced"))
                .isNotEqualTo(mean(rows, 0, "teacherForced"));
    }

    private static org.assertj.core.data.Offset<Double> withinTenthOf(JsonNode rows) {
        return org.assertj.core.api.Assertions.offset(0.1 * (mean(rows, 2, "weightGib") - mean(rows, 1, "weightGib")));
    }

    private static double mean(JsonNode rows, int row, String column) {
        return rows.path(row).path(column).path("mean").asDouble();
    }

    private List<String> results(String prefix) throws Exception {
        return Files.readAllLines(tiny.output(prefix + ".results.jsonl"));
    }

    /// A quantizer before the low-noise expert, and the expert's node.
    private record Experts(ExpertPipeline tiny, DiffusionModel high, DiffusionModel low) implements Upstream {
        @Override
        public List<Source> sources() {
            return List.of(
                    new Source("4", "MinMax Quantize", "MinMaxQuantize", List.of("bits")),
                    new Source("5", "Low-Noise Expert", "LowNoiseExpert", List.of("boundary")));
        }

        @Override
        public Optional<String> refusal(Change change) {
            return Optional.empty();
        }

        @Override
        public NodeInputs inputs(List<Change> changes) {
            int bits = 8;
            double boundary = ExpertPipeline.BOUNDARY;
            for (Change change : changes) {
                if (change.input().equals("bits")) {
                    bits = Integer.parseInt(change.value());
                } else {
                    boundary = Double.parseDouble(change.value());
                }
            }
            DiffusionModel quantized = tiny.quantized(low, bits, ActivationBits.EIGHT);
            return NodeInputs.EMPTY.with("model", high).with("lowNoise", new LowNoiseModel(quantized, boundary, 1));
        }
    }

    private void sweep(DiffusionModel high, DiffusionModel low, ImageToVideo.Outputs start) throws Exception {
        new Sweep()
                .run(
                        new Sweep.Inputs(
                                high,
                                "MinMax Quantize.bits = 4, 8\nLow-Noise Expert.boundary = 0.8, 0.5",
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(ExpertPipeline.low(low)),
                                Sweep.Mode.GRID,
                                50,
                                Sweep.Drawn.TEACHER_FORCED,
                                scene(start.latent()).of(start.positive(), Optional.empty()),
                                "s/experts"),
                        tiny.context());
    }

    @Test
    void aSweepVariesTheExpertAndWhatQuantizesIt() throws Exception {
        DiffusionModel high = tiny.wan("high", 36, 7);
        DiffusionModel low = tiny.wan("low", 36, 8);
        ImageToVideo.Outputs start = tiny.start(high, 1, 0);
        tiny.context().behind(new Experts(tiny, high, low));
        sweep(high, low, start);
        JsonNode points = json("s/experts_00001_.json").path("points");

        assertThat(points).hasSize(4).allSatisfy(point -> assertThat(
                        point.path("figures").isObject())
                .isTrue());
        JsonNode fewBits = points.path(0).path("figures");
        JsonNode manyBits = points.path(2).path("figures");
        List<Double> errors = numbers(fewBits.path("errors").path("teacherForced"));
        assertThat(errors.subList(0, 3)).allSatisfy(error -> assertThat(error).isLessThan(1e-6));
        assertThat(errors.get(4))
                .isGreaterThan(2
                        * numbers(manyBits.path("errors").path("teacherForced")).get(4));
        assertThat(fewBits.path("cost").path("weightBytes").asLong())
                .isLessThan(manyBits.path("cost").path("weightBytes").asLong());
        List<Double> later =
                numbers(points.path(3).path("figures").path("errors").path("teacherForced"));
        assertThat(later.get(3))
                .as("the high-noise expert where the reference has the other")
                .isGreaterThan(0.1);
        assertThat(results("s/experts")).hasSize(4).doesNotHaveDuplicates();
    }

    @Test
    void whatCannotBeMeasuredTogetherIsRefusedBeforeAnythingRuns() throws Exception {
        DiffusionModel high = tiny.wan("high", 16, 7);
        DiffusionModel low = tiny.wan("low", 16, 8);
        DiffusionModel fromPicture = tiny.wan("i2v", 36, 9);
        ImageToVideo.Outputs start = tiny.start(fromPicture, 1, 0);
        Optional<Conditioning> picture = Optional.of(start.positive());
        Methods text = methods(pair("text", high, low));
        Methods image = methods(Candidate.of("image", fromPicture));

        assertRefused(image, Optional.empty(), tiny.latent(64), "conditioning", "has no picture, but Wan 2.2 I2V");
        assertRefused(text, picture, start.latent(), "conditioning", "makes videos from text alone");
        assertRefused(image, picture, tiny.latent(96), "latent", "has 2 x 8 x 12 cells, the picture of conditioning");
        assertRefused(
                methods(pair("text", high, low), Candidate.of("image", fromPicture)),
                Optional.empty(),
                tiny.latent(64),
                "methods",
                "holds 'image', which runs i2v.safetensors");
        BitPlan byBlock = new BitPlan(new BlockwiseGbs(DeltaGbs.of(0.1)), "by block");
        Candidate half = new Candidate(
                "half",
                tiny.quantized(high),
                Optional.of(ExpertPipeline.low(low)),
                Optional.of(byBlock),
                Optional.empty());
        assertRefused(
                methods(half),
                Optional.empty(),
                tiny.latent(64),
                "methods",
                "accepted are both quantized, or bits by step");
        assertThat(tiny.output("r/card.results.jsonl")).doesNotExist();
        assertThat(tiny.context().statuses()).noneMatch(status -> status.matches("opening (high|low|i2v).*"));
    }

    private void assertRefused(
            Methods methods, Optional<Conditioning> picture, Latent latent, String port, String part) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> card(methods, picture, scene(latent)))
                .withMessageContaining(part)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port));
    }
}
