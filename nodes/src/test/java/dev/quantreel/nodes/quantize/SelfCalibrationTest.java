package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.loading.EncoderOptions;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.TextModel;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelfCalibrationTest {

    private DemoPipeline demo;
    private TextModel clip;

    @BeforeEach
    void load(@TempDir Path root) throws Exception {
        demo = DemoPipeline.in(root);
        String encoder = demo.context().folders().files("text_encoders").stream()
                .filter(name -> name.contains("demo"))
                .findFirst()
                .orElseThrow();
        clip = new LoadTextEncoder()
                .run(
                        new LoadTextEncoder.Inputs(
                                encoder, EncoderOptions.Type.AUTO, EncoderOptions.Precision.FULL, Optional.empty()),
                        demo.context())
                .clip();
    }

    private DiffusionModel calibrated(DiffusionModel model, String captions) throws Exception {
        return new SelfCalibration()
                .run(new SelfCalibration.Inputs(model, clip, demo.latent(), captions, 1, 2, 1, 5), demo.context())
                .model();
    }

    private DiffusionModel gptq(DiffusionModel model) {
        return new GPTQQuantize()
                .run(new GPTQQuantize.Inputs(model, 4, 0.01, "blocks.[1-9]"), demo.context())
                .model();
    }

    private DiffusionModel branched(DiffusionModel model) {
        return new LowRankBranch()
                .run(new LowRankBranch.Inputs(model, 8, 2), demo.context())
                .model();
    }

    @Test
    void theOrderOfNodesDoesNotMatterAndTheBranchesComeWithTheWeights() throws Exception {
        DiffusionModel first = gptq(branched(calibrated(demo.model(), "")));
        DiffusionModel last = calibrated(branched(gptq(demo.model())), "");
        assertThat(first.plan()).isEqualTo(last.plan());
        QuantizationPlan plan = first.plan().orElseThrow();
        assertThat(plan.branch()).isEqualTo(new BranchPlan.LowRank(8, 2));
        assertThat(plan.statistics()).isInstanceOf(StatisticsPlan.SelfGenerated.class);
        QuantizedWeights weights =
                ModelAssembly.weights(first, demo.context()).quantized().orElseThrow();
        assertThat(weights.branches().byLayer().sequencedKeySet())
                .isEqualTo(weights.matrices().sequencedKeySet());
    }

    @Test
    void captionsArePlannedLineByLine() throws Exception {
        DiffusionModel model = gptq(calibrated(demo.model(), "a small red circle\n\n a large blue ring \n"));
        StatisticsPlan.SelfGenerated plan =
                (StatisticsPlan.SelfGenerated) model.plan().orElseThrow().statistics();
        assertThat(plan.captions()).containsExactly("a small red circle", "a large blue ring");
    }

    @Test
    void statisticsArePlannedOnlyWhereAMethodNeedsThem() throws Exception {
        DiffusionModel bgr = new BGRQuantize()
                .run(new BGRQuantize.Inputs(calibrated(demo.model(), ""), 4, 50, 1e-4, ""), demo.context())
                .model();
        assertThat(bgr.plan().orElseThrow().statistics()).isEqualTo(new StatisticsPlan.None());
    }

    @Test
    void methodsThatNeedStatisticsNameTheNodeThatMakesThem() throws Exception {
        DiffusionModel gptq = gptq(demo.model());
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> ModelAssembly.weights(gptq, demo.context()))
                .withMessageContaining("Self Calibration");
        DiffusionModel smooth = new SmoothQuant()
                .run(new SmoothQuant.Inputs(branched(demo.model()), SmoothQuant.Strength.FIXED, 0.5), demo.context())
                .model()
                .with(new DiffusionModel.Weights(new WeightQuantizer.MinMax(), 4, LayerRule.ALL));
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> ModelAssembly.weights(smooth, demo.context()))
                .withMessageContaining("Self Calibration");
    }
}
