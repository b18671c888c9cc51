package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.tensorrt.TensorRtEngineProvider;
import dev.quantreel.nodes.sampling.BuildTensorRTEngine.FewBits;
import dev.quantreel.nodes.sampling.BuildTensorRTEngine.Inputs;
import dev.quantreel.nodes.sampling.BuildTensorRTEngine.PlanWeights;
import dev.quantreel.nodes.sampling.BuildTensorRTEngine.Products;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.ModelFile;
import dev.quantreel.nodes.values.Otherwise;
import dev.quantreel.nodes.values.TensorRtRecipe;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The node on machines without TensorRT.
class BuildTensorRTEngineTest {

    private static final DiffusionModel FULL = DiffusionModel.fullPrecision(
            new ModelFile(Path.of("wan.safetensors"), "digest", ""),
            TransformerRelease.named("wan-t2v-14b").architecture());
    private static final DiffusionModel FOUR =
            FULL.with(new DiffusionModel.Weights(new WeightQuantizer.MinMax(), 4, LayerRule.ALL));

    private final TestContext context;

    BuildTensorRTEngineTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    private BuildTensorRTEngine.Outputs run(
            DiffusionModel model, Products products, FewBits few, boolean planOnly, Otherwise otherwise)
            throws Exception {
        return new BuildTensorRTEngine().run(inputs(model, products, few, planOnly, otherwise), context);
    }

    private static Inputs inputs(
            DiffusionModel model, Products products, FewBits few, boolean planOnly, Otherwise otherwise) {
        return new Inputs(
                model, products, few, "832x480x81", planOnly, "H100", 3, 0, 60, PlanWeights.IN_PLAN, false, otherwise);
    }

    @Test
    void thePlanAloneChangesNothingAndTellsBytesBoundsAndWhy() throws Exception {
        BuildTensorRTEngine.Outputs out = run(FOUR, Products.INT8, FewBits.INT4, true, Otherwise.STOP);

        assertThat(out.model()).isEqualTo(FOUR);
        assertThat(out.report())
                .contains("32760 tokens", "W4A8 carried as int8", "W4A16", "1.31x", "nothing here was measured")
                .doesNotContain("W4A4");
        assertThat(context.shown()).contains(new UiItem.Text(out.report()));
    }

    @Test
    void formsSuitTheModelUnlessTheyAreNamed() {
        assertThat(TensorRtRecipe.of(FULL).high()).isEqualTo(ExportForm.PLAIN);
        assertThat(TensorRtRecipe.of(FOUR).high()).isEqualTo(ExportForm.INT4);
        DiffusionModel eight = FULL.with(new DiffusionModel.Weights(new WeightQuantizer.MinMax(), 8, LayerRule.ALL));
        assertThat(TensorRtRecipe.of(eight).high()).isEqualTo(ExportForm.QDQ_INT8);
        assertThat(TensorRtRecipe.label(ExportForm.QDQ_INT8, eight)).isEqualTo("W8A8");
        DiffusionModel six = FULL.with(new DiffusionModel.Weights(new WeightQuantizer.MinMax(), 6, LayerRule.ALL));
        assertThat(TensorRtRecipe.label(ExportForm.QDQ_INT8, six)).isEqualTo("W6A8 carried as int8");
        assertThat(TensorRtRecipe.label(ExportForm.INT4, FOUR)).isEqualTo("W4A16");
    }

    @Test
    void settingsSayWhatWasAskedAndAreReadBack() {
        DiffusionModel asked = FOUR.with(new DiffusionModel.Execution(
                new EngineChoice("tensorrt", 0, "high=qdq-int8 low=int4 clips=64x64x5,128x64x9,128x128x17 level=5"),
                FOUR.execution().arithmetic()));
        TensorRtRecipe recipe = TensorRtRecipe.of(asked);

        assertThat(recipe.high()).isEqualTo(ExportForm.QDQ_INT8);
        assertThat(recipe.low()).contains(ExportForm.INT4);
        assertThat(recipe.settings()).isEqualTo("high=qdq-int8 low=int4 clips=64x64x5,128x64x9,128x128x17");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> TensorRtRecipe.of(FOUR.with(new DiffusionModel.Execution(
                        new EngineChoice("tensorrt", 0, "high=w4a4"),
                        FOUR.execution().arithmetic()))))
                .withMessageContainingAll("w4a4", "qdq-int8, int4, fp8 and plain");
    }

    @Test
    void withoutTensorRtTheNodeSaysWhatIsMissingOrTakesTheBest() throws Exception {
        Assumptions.assumeTrue(
                new TensorRtEngineProvider().probe() instanceof Availability.Unavailable, "TensorRT is here");

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> run(FOUR, Products.AUTO, FewBits.SAME, false, Otherwise.STOP))
                .satisfies(e -> assertThat(e.port()).isEqualTo("otherwise"))
                .withMessageContainingAll("TensorRT is not available here", "NVIDIA", "planOnly");
        assertThat(context.shown()).as("the plan is told all the same").hasSize(1);

        BuildTensorRTEngine.Outputs out = run(FOUR, Products.AUTO, FewBits.SAME, false, Otherwise.BEST);
        assertThat(out.model().execution().engine().provider().id()).isEqualTo("ort-cpu");
        assertThat(out.report()).contains("W4A16", "runs on ort-cpu", "TensorRT is not available here");
    }

    @Test
    void strippedPlansDoNotStreamTheirWeights() {
        Inputs in = inputs(FOUR, Products.INT8, FewBits.SAME, true, Otherwise.STOP);
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new BuildTensorRTEngine()
                        .run(
                                new Inputs(
                                        in.model(),
                                        in.products(),
                                        in.fewBits(),
                                        in.sizes(),
                                        true,
                                        in.chip(),
                                        in.level(),
                                        in.workspace(),
                                        in.minutes(),
                                        PlanWeights.STRIPPED,
                                        true,
                                        in.otherwise()),
                                context))
                .satisfies(e -> assertThat(e.port()).isEqualTo("streaming"))
                .withMessageContaining("stripped");
    }

    @Test
    void aSizeThatIsNoneIsNamed() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> new BuildTensorRTEngine()
                        .run(
                                new Inputs(
                                        FOUR,
                                        Products.AUTO,
                                        FewBits.SAME,
                                        "large",
                                        true,
                                        "",
                                        3,
                                        0,
                                        60,
                                        PlanWeights.IN_PLAN,
                                        false,
                                        Otherwise.STOP),
                                context))
                .satisfies(e -> assertThat(e.port()).isEqualTo("sizes"))
                .withMessageContainingAll("large", "832x480x81");
    }
}
