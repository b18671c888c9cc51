package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelFile;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightNodesTest {

    private static final DiffusionModel MODEL = DiffusionModel.fullPrecision(
            new ModelFile(Path.of("m.safetensors"), "digest", ""),
            new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 128, 256, 16, 0, false)));
    private static final List<String> LAYERS = MODEL.architecture().blockLinears();

    private final TestContext context;

    WeightNodesTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    private DiffusionModel clip() {
        return new ClipSearchQuantize()
                .run(new ClipSearchQuantize.Inputs(MODEL, 4, 2.4, ""), context)
                .model();
    }

    private DiffusionModel groups(DiffusionModel model, int size, WeightGroups.Steps steps) {
        return new WeightGroups()
                .run(new WeightGroups.Inputs(model, size, steps), context)
                .model();
    }

    private DiffusionModel rules(DiffusionModel model, LayerPrecision.Preset preset, String rules, int ends) {
        return new LayerPrecision()
                .run(new LayerPrecision.Inputs(model, preset, rules, ends, ends, 16, ""), context)
                .model();
    }

    private static QuantizationPlan plan(DiffusionModel model) {
        return model.plan().orElseThrow();
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void everyMethodAsksForItsQuantizer() {
        assertThat(plan(clip()).weight()).isEqualTo(new WeightPlan(new WeightQuantizer.ClipSearch(), 4));
        DiffusionModel hqq = new HQQQuantize()
                .run(new HQQQuantize.Inputs(MODEL, 3, 64, 20, 10, 0.7, ""), context)
                .model();
        assertThat(plan(hqq).weight())
                .isEqualTo(new WeightPlan(new WeightQuantizer.Hqq(), 3, new Granularity.PerGroup(64)));
        DiffusionModel orbit = new OrbitWeights()
                .run(new OrbitWeights.Inputs(MODEL, 4, "ffn"), context)
                .model();
        assertThat(plan(orbit).weights()).isEqualTo(new WeightQuantizer.LloydMaxRows());
        assertThat(plan(orbit).layers().select(LAYERS)).noneMatch(layer -> layer.contains("ffn"));
        DiffusionModel symmetric = new SymmetricQuantize()
                .run(new SymmetricQuantize.Inputs(MODEL, 8, false, ""), context)
                .model();
        assertThat(plan(symmetric).weights()).isEqualTo(new WeightQuantizer.Symmetric());
        assertThat(symmetric.precision()).isEqualTo("W8A16");
    }

    @Test
    void groupsRefineWhatTheNodeBeforeAskedFor() {
        WeightPlan multiples =
                plan(groups(clip(), 128, WeightGroups.Steps.MULTIPLES)).weight();
        assertThat(multiples)
                .isEqualTo(new WeightPlan(new WeightQuantizer.ClipSearch(), 4, new Granularity.GroupMultiples(128)));
        assertThat(plan(groups(clip(), 64, WeightGroups.Steps.FREE)).weight().granularity())
                .isEqualTo(new Granularity.PerGroup(64));
        assertRejected("model", () -> groups(MODEL, 64, WeightGroups.Steps.FREE), "no weights to quantize");
        DiffusionModel hqq = new HQQQuantize()
                .run(new HQQQuantize.Inputs(MODEL, 3, 0, 20, 10, 0.7, ""), context)
                .model();
        assertRejected("steps", () -> groups(hqq, 64, WeightGroups.Steps.MULTIPLES), "no integer zero points");
    }

    @Test
    void rulesGiveLayersBitsOfTheirOwnAndAddUp() {
        DiffusionModel ends = rules(clip(), LayerPrecision.Preset.NONE, "", 1);
        assertThat(plan(ends).layers().select(LAYERS)).noneMatch(layer -> layer.startsWith("blocks.0."));
        DiffusionModel both = rules(ends, LayerPrecision.Preset.VIDIT_Q, "# the second matrix\nffn[.]2$ = 6\n", 0);
        assertThat(plan(both).layers().bits(LAYERS, 4))
                .containsEntry("blocks.1.ffn.2", 6)
                .containsEntry("blocks.1.ffn.0", 8)
                .containsEntry("blocks.1.self_attn.q", 4)
                .doesNotContainKey("blocks.0.ffn.0");
    }

    @Test
    void theNameOfThePrecisionHasTheBitsOfAllLayers() {
        assertThat(clip().precision()).isEqualTo("W4A16");
        assertThat(rules(clip(), LayerPrecision.Preset.VIDIT_Q, "ffn[.]2$ = 6", 0)
                        .precision())
                .isEqualTo("W4/6/8A16");
        assertThat(rules(clip(), LayerPrecision.Preset.NONE, ".* = 3", 0).precision())
                .isEqualTo("W3A16");
    }

    @Test
    void rulesThatCannotBeReadNameTheLine() {
        for (String line : List.of("ffn", "ffn = x", "ffn = 1", "= 4", "ffn( = 4")) {
            assertRejected("rules", () -> rules(clip(), LayerPrecision.Preset.NONE, line, 0), "'" + line + "'");
        }
        assertRejected("model", () -> rules(MODEL, LayerPrecision.Preset.NONE, "", 1), "weight node");
        LayerPrecision.Inputs nowhere =
                new LayerPrecision.Inputs(clip(), LayerPrecision.Preset.NONE, "fnn = 6", 0, 0, 16, "");
        assertRejected("rules", () -> new LayerPrecision().run(nowhere, context), "'fnn'", "names are like");
        LayerPrecision.Inputs twelve = new LayerPrecision.Inputs(clip(), LayerPrecision.Preset.NONE, "", 1, 0, 12, "");
        assertRejected("endBits", () -> new LayerPrecision().run(twelve, context), "12; accepted are 2 to 8, or 16");
    }
}
