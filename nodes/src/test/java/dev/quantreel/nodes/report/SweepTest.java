package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.testing.SceneRequest;
import dev.quantreel.nodes.values.DiffusionModel;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTest {

    private final DemoPipeline demo;
    private final Path results;

    SweepTest(@TempDir Path root) throws Exception {
        demo = DemoPipeline.in(root);
        demo.context().behind(new Quantizers());
        results = demo.context().folders().output().resolve("s/bits.results.jsonl");
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    /// BGR weights before ARQ activations.
    private final class Quantizers implements Upstream {
        @Override
        public List<Source> sources() {
            return List.of(
                    new Source("2", "BGR Quantize", "BGRQuantize", List.of("bits")),
                    new Source("3", "ARQ Activation", "ARQActivation", List.of("bits")));
        }

        @Override
        public Optional<String> refusal(Change change) {
            return Integer.parseInt(change.value()) < 2
                    ? Optional.of("Value " + change.value() + " smaller than min of 2")
                    : Optional.empty();
        }

        @Override
        public NodeInputs inputs(List<Change> changes) throws Exception {
            int weights = 4;
            ARQActivation.Bits activations = ARQActivation.Bits.EIGHT;
            for (Change change : changes) {
                if (change.value().equals("7")) {
                    throw new NodeInputException("bits", "is 7, which this node refuses");
                }
                if (change.nodeId().equals("2")) {
                    weights = Integer.parseInt(change.value());
                } else {
                    activations = change.value().equals("4") ? ARQActivation.Bits.FOUR : ARQActivation.Bits.EIGHT;
                }
            }
            return NodeInputs.EMPTY.with("model", model(weights, activations));
        }
    }

    private DiffusionModel model(int weights, ARQActivation.Bits activations) throws Exception {
        return demo.arq(demo.bgr(demo.model(), weights), ARQActivation.Mode.AUTO, activations);
    }

    private Sweep.Outputs sweep(String axes) throws Exception {
        return new Sweep()
                .run(
                        new Sweep.Inputs(
                                model(4, ARQActivation.Bits.EIGHT),
                                axes,
                                Optional.of(demo.vae()),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Sweep.Mode.GRID,
                                50,
                                Sweep.Drawn.TEACHER_FORCED,
                                new SceneRequest(demo.latent())
                                        .seed(7)
                                        .of(
                                                demo.prompt("a large red circle moving right on a navy background"),
                                                Optional.of(demo.prompt(""))),
                                "s/bits"),
                        demo.context());
    }

    private JsonNode json(int counter) throws IOException {
        return new ObjectMapper()
                .readTree(demo.context()
                        .folders()
                        .output()
                        .resolve(String.format("s/bits_%05d_.json", counter))
                        .toFile());
    }

    @Test
    void fewerBitsAreSmallerAndWorseAndThePlotGrowsPointByPoint() throws Exception {
        Sweep.Outputs out = sweep("BGR Quantize.bits & ARQ Activation.bits = 8 & 8, 4 & 8, 4 & 4, 3 & 4");
        JsonNode points = json(1).path("points");

        assertThat(points).hasSize(4);
        for (int i = 1; i < 4; i++) {
            JsonNode before = points.path(i - 1).path("figures");
            JsonNode figures = points.path(i).path("figures");
            assertThat(mean(figures.path("errors").path("teacherForced")))
                    .isGreaterThan(mean(before.path("errors").path("teacherForced")));
            assertThat(figures.path("cost").path("weightBytes").asLong())
                    .isLessThanOrEqualTo(before.path("cost").path("weightBytes").asLong());
            assertThat(figures.path("errors").path("freeRunning")).hasSize(4);
            assertThat(figures.at("/clip/fidelity/psnr").asDouble()).isBetween(8.0, 60.0);
            assertThat(figures.path("cost").path("secondsPerStep").asDouble()).isPositive();
        }
        assertThat(points.path(0).path("best").asBoolean()).isTrue();
        List<BufferedImage> drawn = demo.context().previews();
        assertThat(drawn).hasSize(4);
        for (int i = 1; i < 4; i++) {
            assertThat(pixels(drawn.get(i))).isNotEqualTo(pixels(drawn.get(i - 1)));
        }
        assertThat(out.report()).contains("bits").contains("tf err %").contains("*");
        assertThat(Files.readString(demo.context().folders().output().resolve("s/bits_00001_.csv"))
                        .lines())
                .hasSize(5);
        assertThat(demo.context().shown())
                .filteredOn(UiItem.FileItem.class::isInstance)
                .hasSize(3);
        Files.createDirectories(Path.of("target/plots"));
        Files.copy(
                demo.context().folders().output().resolve("s/bits_00001_.png"),
                Path.of("target/plots/sweep.png"),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private static int[] pixels(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    /// Times are measured and decide where a mark lies; what a point more adds is counted on fixed ones.
    @Test
    void aPointBehindTheFrontIsDrawnInEachPanel() {
        ParetoChart.Names names = new ParetoChart.Names("Sweep", "error %", "bits");
        ParetoChart.Point best = new ParetoChart.Point("4", 1, 10, 0.1);
        ParetoChart.Point worse = new ParetoChart.Point("3", 3, 15, 0.2);
        ParetoChart.Point worst = new ParetoChart.Point("2", 4, 20, 0.3);

        long two = bluePixels(new ParetoChart(names, List.of(best, worst)).image());
        long three = bluePixels(new ParetoChart(names, List.of(best, worst, worse)).image());

        assertThat(three).isGreaterThan(two + 40);
    }

    private static long bluePixels(BufferedImage image) {
        return IntStream.of(pixels(image))
                .filter(pixel -> (pixel & 0xFFFFFF) == 0x2563EB)
                .count();
    }

    private static double mean(JsonNode values) {
        double sum = 0;
        for (JsonNode value : values) {
            sum += value.asDouble() / values.size();
        }
        return sum;
    }

    @Test
    void aStoppedSweepGoesOnWhereItWas() throws Exception {
        demo.context().cancelAt("point 3/3");
        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> sweep("BGR Quantize.bits = 4, 5, 6"));
        assertThat(Files.readString(results).lines()).hasSize(2);
        Files.writeString(results, "{\"key\":\"cut sho", StandardOpenOption.APPEND);

        demo.context().cancelAt("never");
        sweep("BGR Quantize.bits = 4, 5, 6");

        assertThat(Files.readString(results).lines()).hasSize(4);
        assertThat(json(1).path("points")).hasSize(3);
        assertThat(json(1).path("points").path(0).path("figures"))
                .isEqualTo(new ObjectMapper()
                        .readTree(Files.readString(results).lines().findFirst().orElseThrow())
                        .path("figures"));
        assertThat(demo.context().statuses())
                .filteredOn(text -> text.startsWith("quantizing"))
                .isNotEmpty();
    }

    @Test
    void whatIsKnownIsNotMeasuredAgain() throws Exception {
        sweep("BGR Quantize.bits = 4, 6");
        int spoken = demo.context().statuses().size();
        sweep("BGR Quantize.bits = 6");

        assertThat(demo.context()
                        .statuses()
                        .subList(spoken, demo.context().statuses().size()))
                .noneMatch(text -> text.startsWith("quantizing") || text.startsWith("opening"));
        assertThat(Files.readString(results).lines()).hasSize(2);
    }

    @Test
    void aPointThatCannotBeMeasuredIsARowAndTheOthersGoOn() throws Exception {
        Sweep.Outputs out = sweep("BGR Quantize.bits = 7, 4");

        assertThat(out.report()).contains("bits=7: is 7, which this node refuses");
        assertThat(json(1).path("points").path(1).path("figures").isObject()).isTrue();
        assertThat(Files.readString(results).lines()).hasSize(1);
    }

    @Test
    void valuesThatDoNotFitAndMillionsOfPointsAreRefusedBeforeAnythingRuns() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> sweep("BGR Quantize.bits = 1, 4"))
                .withMessageContaining("Value 1 smaller than min of 2")
                .satisfies(e -> assertThat(e.port()).isEqualTo("axes"));
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> sweep("BGR Quantize.bits = 2..1000001"))
                .withMessageContaining("1,000,000 points; accepted are up to 1,000");
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> sweep("BGR Quantize.bits = 7"))
                .withMessageContaining("no point could be measured");
        assertThat(results).doesNotExist();
    }

    @Test
    void withoutRowsTheModelIsMeasuredAsItIs() throws Exception {
        assertThat(sweep("").report()).contains("W4A8");
    }
}
