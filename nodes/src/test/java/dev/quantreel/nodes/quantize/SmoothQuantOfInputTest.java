package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// SmoothQuant whose factors are those of the very input, on the demo model.
class SmoothQuantOfInputTest {

    private final DemoPipeline demo;

    SmoothQuantOfInputTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    static DiffusionModel smoothed(DemoPipeline demo, double alpha) throws Exception {
        return new SmoothQuant()
                .run(new SmoothQuant.Inputs(rounded(demo), SmoothQuant.Strength.OF_INPUT, alpha), demo.context())
                .model();
    }

    /// MinMax weights of 4 bits, activations of 4 bits by token.
    private static DiffusionModel rounded(DemoPipeline demo) throws Exception {
        DiffusionModel weights =
                demo.model().with(new DiffusionModel.Weights(new WeightQuantizer.MinMax(), 4, LayerRule.ALL));
        return demo.arq(weights, ARQActivation.Mode.TOKEN, ARQActivation.Bits.FOUR);
    }

    private float[] latent(DiffusionModel model) throws Exception {
        return demo.sample(model).latent().samples().toFloatArray();
    }

    @Test
    void itNeedsNoStatisticsAndChangesWhatIsSampled() throws Exception {
        float[] smoothed = latent(smoothed(demo, 0.5));

        assertThat(smoothed).hasSize(latent(rounded(demo)).length).isNotEqualTo(latent(rounded(demo)));
        assertThat(smoothed).isNotEqualTo(latent(smoothed(demo, 0.1)));
        for (float value : smoothed) {
            assertThat(value).isFinite();
        }
        assertThat(ModelAssembly.weights(smoothed(demo, 0.5), demo.context())
                        .memory()
                        .ratio())
                .isLessThan(1.1);
    }

    @Test
    void weightsThatAreSearchedAreRefusedWithWhatIsAccepted() throws Exception {
        DiffusionModel searched = new SmoothQuant()
                .run(
                        new SmoothQuant.Inputs(demo.bgr(demo.model(), 4), SmoothQuant.Strength.OF_INPUT, 0.5),
                        demo.context())
                .model();
        DiffusionModel planned = demo.arq(searched, ARQActivation.Mode.TOKEN, ARQActivation.Bits.FOUR);

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> ModelAssembly.weights(planned, demo.context()))
                .withMessageContaining("MinMax on whole rows without a branch is accepted; planned are Bgr");
    }
}
