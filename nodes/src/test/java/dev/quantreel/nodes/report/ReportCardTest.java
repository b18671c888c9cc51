package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.SceneRequest;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCardTest {

    private static final String PROMPTS =
            "a large red circle moving left on a navy background\n\n a small yellow square moving right on a black background";
    private static final String HOSTILE = "<b onclick=\"x\">W4A8 & co</b>";

    private final DemoPipeline demo;

    ReportCardTest(@TempDir Path root) throws Exception {
        demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private Methods methods() throws Exception {
        DiffusionModel better = demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.AUTO, ARQActivation.Bits.EIGHT);
        DiffusionModel worse = demo.minMax(demo.model(), MinMaxQuantize.ActivationBits.FOUR);
        Methods first = added(better, HOSTILE, Optional.empty());
        return added(worse, "", Optional.of(first));
    }

    private Methods added(DiffusionModel model, String name, Optional<Methods> before) {
        return new AddMethod()
                .run(
                        new AddMethod.Inputs(model, name, Optional.empty(), Optional.empty(), before, Optional.empty()),
                        demo.context())
                .methods();
    }

    private ReportCard.Outputs card(Methods methods, String prompts) throws Exception {
        return card(methods, prompts, true);
    }

    private ReportCard.Outputs card(Methods methods, String prompts, boolean vbench) throws Exception {
        return new ReportCard()
                .run(
                        new ReportCard.Inputs(
                                methods,
                                demo.clip(),
                                prompts,
                                "",
                                Optional.of(demo.vae()),
                                Optional.empty(),
                                2,
                                new SceneRequest(demo.latent()).seed(5).steps(3).inputs(),
                                "Card of the test",
                                "r/card",
                                vbench),
                        demo.context());
    }

    private Path output(String name) {
        return demo.context().folders().output().resolve("r").resolve(name);
    }

    @Test
    void everyMethodIsMeasuredOnEveryPromptAndSeedAndTheCardHasTheirMeans() throws Exception {
        ReportCard.Outputs out = card(methods(), PROMPTS);
        JsonNode json = new ObjectMapper().readTree(output("card_00001_.json").toFile());
        JsonNode better = json.path("methods").path(0);
        JsonNode worse = json.path("methods").path(1);

        assertThat(worse.path("method").asText()).isEqualTo("W4A4");
        assertThat(better.path("generations")).hasSize(4);
        assertThat(better.path("generations").findValuesAsText("seed")).containsExactly("5", "6", "7", "8");
        assertThat(better.path("teacherForced").path("mean").asDouble())
                .isLessThan(0.7 * worse.path("teacherForced").path("mean").asDouble());
        double mean = 0;
        for (JsonNode generation : worse.path("generations")) {
            mean += generation.at("/figures/clip/fidelity/psnr").asDouble() / 4;
        }
        assertThat(worse.path("psnrDb").path("mean").asDouble()).isCloseTo(mean, offset(1e-9));
        assertThat(worse.path("psnrDb").path("std").asDouble()).isPositive();
        assertThat(better.path("activationBits").path("mean").asDouble()).isEqualTo(8);
        assertThat(better.path("temporalDivergence").path("mean").asDouble()).isPositive();
        assertThat(out.report()).contains("TMD-KL").contains("W4A4").contains("imaging quality (musiq_spaq.onnx)");
        assertThat(worse.path("psnrOfClipDb").path("mean").asDouble()).isPositive();
        assertThat(worse.path("latentStdRatio").path("mean").asDouble()).isBetween(0.3, 3.0);
        assertThat(better.path("teacherForcedCosine").path("mean").asDouble())
                .isGreaterThan(worse.path("teacherForcedCosine").path("mean").asDouble());
        assertThat(better.path("notFinite").path("mean").asInt(-1)).isZero();
        assertThat(better.has("featureDistance")).as("TAEHV has no encoder").isFalse();
        assertThat(better.path("generations").path(0).at("/figures/latents/stdRatio"))
                .hasSize(3);
        assertThat(better.path("generations").path(0).at("/figures/errors/teacherForcedL1"))
                .hasSize(3);
        assertThat(Files.readAllLines(output("card_00001_.csv"))).hasSize(3);
    }

    @Test
    void thePageNeedsNothingElseAndShowsNamesAsText() throws Exception {
        card(methods(), PROMPTS);
        String html = Files.readString(output("card_00001_.html"));

        assertThat(html)
                .contains("&lt;b onclick=&quot;x&quot;&gt;W4A8 &amp; co&lt;/b&gt;")
                .doesNotContain("<b onclick")
                .doesNotContain("http://")
                .doesNotContain("https://")
                .doesNotContain("<script")
                .doesNotContain("<link")
                .doesNotContain("href=")
                .containsPattern("class=\"best\">[0-9]");
        assertThat(html.split("src=\"", -1)).hasSize(3).allSatisfy(part -> assertThat(part)
                .matches(text -> text.startsWith("data:image/png;base64,") || text.startsWith("<!doctype")));
    }

    @Test
    void theRatioOfNoiseIsBestNearOne() throws Exception {
        List<CardFigures.Row> rows = new ArrayList<>();
        for (double ratio : new double[] {0.2, 0.97, 1.4}) {
            rows.add(
                    new CardFigures.Row("m" + ratio, "W4A8", List.of(new CardFigures.Scene("p", 0, withRatio(ratio)))));
        }

        String html = new CardPage(new CardFigures("t", "s", rows, new LinkedHashMap<>()), List.of()).html();

        assertThat(html).contains("class=\"best\">0.97 ").doesNotContain("class=\"best\">0.20 ");
        assertThat(CardColumn.PSNR.distance(40)).isLessThan(CardColumn.PSNR.distance(30));
        assertThat(CardColumn.GMSD.distance(0.1)).isLessThan(CardColumn.GMSD.distance(0.2));
    }

    private static Figures withRatio(double ratio) {
        Figures.Clip clip = new Figures.Clip(
                Figures.Clip.NONE.fidelity(),
                Figures.Clip.NONE.time(),
                new Figures.Collapse(ratio, ratio - 1, 0.1, 0),
                Map.of());
        return new Figures(Figures.Errors.NONE, Figures.Latents.NONE, clip, new Figures.Cost(8, 4, 1000, 0.1, 10));
    }

    @Test
    void networksOfVBenchMakeColumnsAndThoseThatLackAreNamed() throws Exception {
        Methods methods = added(demo.minMax(demo.model(), MinMaxQuantize.ActivationBits.FOUR), "one", Optional.empty());
        String prompt = "a large red circle moving left on a navy background";
        constantScore("musiq_spaq.onnx", 37);
        String report = card(methods, prompt).report();
        JsonNode json = new ObjectMapper().readTree(output("card_00001_.json").toFile());

        assertThat(report)
                .contains("imaging quality %")
                .contains("37.00 ±0.00")
                .contains("subject consistency (dino_vitb16.onnx)")
                .contains("aesthetic quality (clip_vit_l_14_visual.onnx, laion_aesthetic_head.onnx)")
                .doesNotContain("imaging quality (");
        assertThat(json.path("methods")
                        .path(0)
                        .path("vbench_imaging_quality")
                        .path("mean")
                        .asDouble())
                .isCloseTo(37, offset(1e-4));
        assertThat(json.path("vbenchAbsent").path("motion smoothness").path(0).asText())
                .isEqualTo("amt_s.onnx");
        assertThat(json.path("vbenchAbsent").size()).isEqualTo(4);
        assertThat(Files.readString(output("card_00001_.csv"))).contains("vbench_imaging_quality_mean");
        assertThat(Files.readString(output("card_00001_.html")))
                .contains("<th>imaging quality %</th>")
                .contains("Not measured of VBench");

        constantScore("musiq_spaq.onnx", 52.5f);
        assertThat(card(methods, prompt).report()).contains("52.50 ±0.00").doesNotContain("37.00");
        assertThat(card(methods, prompt, false).report())
                .doesNotContain("imaging")
                .doesNotContain("VBench");
    }

    /// A network that gives every picture one score.
    private void constantScore(String name, float score) throws Exception {
        Path folder = Files.createDirectories(demo.context().folders().models("vbench"));
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("musiq");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of(3), Dim.of("height"), Dim.of("width"));
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 0), x, graph.longs(1, 2, 3));
        Value nothing = graph.op(OnnxOp.Mul, mean, graph.constant(0f));
        graph.output("score", graph.op(OnnxOp.Add, nothing, graph.constant(score)), DType.F32, Dim.of(1));
        OnnxWriter.write(graph.build(Map.of()), folder.resolve(name));
        Files.setLastModifiedTime(folder.resolve(name), FileTime.fromMillis((long) (1e12 + score)));
    }

    @Test
    void whatWasMeasuredIsNotMeasuredAgain() throws Exception {
        Methods methods = methods();
        card(methods, PROMPTS);
        int spoken = demo.context().statuses().size();
        card(methods, PROMPTS);

        assertThat(demo.context()
                        .statuses()
                        .subList(spoken, demo.context().statuses().size()))
                .noneMatch(text -> text.startsWith("quantizing") || text.contains("generation "));
    }

    @Test
    void referencesKeptTogetherOrOneByOneGiveTheSame() throws Exception {
        List<Candidate> candidates = methods().candidates();
        List<List<Figures>> together = run(candidates, true);
        List<List<Figures>> oneByOne = run(candidates, false);

        assertThat(together).hasSize(2);
        for (int i = 0; i < candidates.size(); i++) {
            assertThat(together.get(i).stream().map(Figures::errors))
                    .isEqualTo(oneByOne.get(i).stream().map(Figures::errors).toList());
            assertThat(together.get(i).get(0).errors())
                    .isNotEqualTo(together.get(i).get(1).errors());
        }
    }

    private List<List<Figures>> run(List<Candidate> candidates, boolean together) throws Exception {
        Scene.Sampler sampler = new Scene.Sampler(2, 1, 3, "euler", "linear");
        Scene first = new Scene(
                demo.prompt("a large red circle moving left on a navy background"),
                Optional.empty(),
                demo.latent(),
                1,
                sampler);
        List<Yardstick> scenes = new ArrayList<>();
        IntStream.range(0, 2)
                .forEach(seed -> scenes.add(new Yardstick(
                        first.with(first.positive(), seed),
                        Candidate.fullPrecision(candidates.getFirst().model()),
                        Optional.empty(),
                        demo.context())));
        KeptResults<Figures> results = KeptResults.open(output("order-" + together + ".jsonl"), Figures.class);
        return new CardRun(demo.context(), results, scenes, candidates).measured(together);
    }

    @Test
    void whatKeysAreMadeOfIsTheSameInEveryProcess() throws Exception {
        for (Candidate candidate : methods().candidates()) {
            assertThat(candidate.model().plan().toString() + candidate.model().execution())
                    .doesNotContainPattern("@[0-9a-f]{4,}");
        }
        CachePlan cache = new CachePlan.Tea(Optional.empty(), false, 0.2, StepWindow.ALL);
        assertThat(cache.toString()).doesNotContainPattern("@[0-9a-f]{4,}");
        assertThat(DeltaGbs.of(0.1).toString()).contains("0.1").doesNotContainPattern("@[0-9a-f]{4,}");
    }

    @Test
    void emptyPromptsAndEqualNamesAreRefused() throws Exception {
        Methods methods = methods();
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> card(methods, " \n "))
                .withMessageContaining("one prompt in each line")
                .satisfies(e -> assertThat(e.port()).isEqualTo("prompts"));
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> added(demo.model(), HOSTILE, Optional.of(methods)))
                .withMessageContaining("a name of its own");
    }

    @Test
    void curvesAreDrawnForEveryMethodOverAllSteps() throws Exception {
        new ErrorCurves()
                .run(
                        new ErrorCurves.Inputs(
                                methods(),
                                new SceneRequest(demo.latent())
                                        .seed(1)
                                        .steps(5)
                                        .of(
                                                demo.prompt("a large red circle moving left on a navy background"),
                                                Optional.of(demo.prompt(""))),
                                "r/errors"),
                        demo.context());
        JsonNode json = new ObjectMapper()
                .readTree(output("errors_00001_.json").toFile())
                .path("methods");

        assertThat(json).hasSize(2);
        for (int step = 0; step < 5; step++) {
            assertThat(json.path(0).path("teacherForcedPercent").path(step).asDouble())
                    .isPositive()
                    .isLessThan(
                            json.path(1).path("teacherForcedPercent").path(step).asDouble());
        }
        assertThat(json.path(0).path("freeRunningPercent")).hasSize(5);
        assertThat(demo.context().previews()).hasSize(2);
    }

    @Test
    void theHeatMapHasEveryLayerAtEveryStep() throws Exception {
        DiffusionModel model = demo.model();
        ActivationHeatMap.Outputs out = new ActivationHeatMap()
                .run(
                        new ActivationHeatMap.Inputs(
                                model,
                                demo.prompt("a large red circle moving left on a navy background"),
                                demo.latent(),
                                ActivationHeatMap.Quantity.ABS_MAX,
                                4,
                                3,
                                1,
                                "r/map"),
                        demo.context());
        JsonNode layers =
                new ObjectMapper().readTree(output("map_00001_.json").toFile()).path("layers");

        assertThat(layers).hasSize(10 * model.facts().sizes().layers());
        assertThat(layers).allSatisfy(layer -> {
            assertThat(layer.path("absMax")).hasSize(4);
            for (int step = 0; step < 4; step++) {
                assertThat(layer.path("absMax").path(step).asDouble())
                        .isGreaterThan(layer.path("rms").path(step).asDouble());
                assertThat(layer.path("rms").path(step).asDouble()).isPositive();
            }
        });
        assertThat(layers.findValues("absMax").stream().map(row -> row.path(0).equals(row.path(3))))
                .contains(false);
        assertThat(out.map().frames().width()).isGreaterThan(800);
        Path kept = Files.createDirectories(Path.of("target/plots"));
        Files.write(kept.resolve("heat-map.png"), Files.readAllBytes(output("map_00001_.png")));
    }

    @Test
    void theFrontHasThePointsThatNothingBeats() {
        ParetoChart.Point small = new ParetoChart.Point("small", 9, 1, 5);
        ParetoChart.Point good = new ParetoChart.Point("good", 1, 3, 4);
        ParetoChart.Point beaten = new ParetoChart.Point("beaten", 2, 4, 6);
        ParetoChart.Point quick = new ParetoChart.Point("quick", 5, 5, 1);
        List<ParetoChart.Point> points = List.of(beaten, good, quick, small);

        assertThat(ParetoChart.front(points, ParetoChart.Point::megabytes)).containsExactly(small, good);
        assertThat(ParetoChart.front(points, ParetoChart.Point::seconds)).containsExactly(quick, good);
        assertThat(points.stream().filter(point -> ParetoChart.isBest(point, points)))
                .containsExactly(good, quick, small);
    }
}
