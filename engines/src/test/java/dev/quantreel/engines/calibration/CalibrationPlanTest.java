package dev.quantreel.engines.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CalibrationPlanTest {

    private static final long GIB = 1L << 30;
    private static final QuantizationPlan PLAN = SelfCalibrated.plan(4, 32, Optional.empty());

    private final Path folder;

    CalibrationPlanTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private CalibrationPlan plan(String name, QuantizationPlan plan) {
        TransformerRelease release = TransformerRelease.named(name);
        Path file = folder.resolve("sparse.safetensors");
        String layout = release.family().layouts().getFirst().name();
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options(layout, DType.BF16, 0, 0))
                .writeSparse(file);
        try (CheckpointFile opened = CheckpointFiles.open(file)) {
            TransformerCheckpoint model = TransformerCheckpoint.of(opened);
            Shape latent = Shape.of(1, model.facts().latent().channels(), 4, 32, 32);
            return CalibrationPlan.of(model, plan, new CalibrationPlan.Size(latent, 128, true));
        }
    }

    /// One matrix of the feed-forward's width and six of the model's are a block; a layer is a factor and three dense
    /// matrices; two gigabytes of heap are enough for the small model.
    @ParameterizedTest
    @CsvSource({"wan-t2v-1.3b, 1536, 8960, 30, 2", "wan-t2v-14b, 5120, 13824, 40, 3"})
    void whatAModelTakesFollowsFromItsShapes(String name, long width, long inner, int blocks, int heapGigabytes) {
        CalibrationPlan costs = plan(name, PLAN);
        assertThat(costs.blocks()).isEqualTo(blocks);
        assertThat(costs.runs()).isEqualTo(256);
        assertThat(costs.largestSumBytes()).isEqualTo(4 * inner * inner);
        assertThat(costs.sumsBytes()).isEqualTo(4 * (inner * inner + 6 * width * width));
        assertThat(costs.layerBytes()).isEqualTo(4 * (inner * inner + 3 * inner * width));
        assertThat(costs.refusal(heapGigabytes * GIB)).isEmpty();
        assertThat(costs.sumsBytes(heapGigabytes * GIB)).isBetween(costs.largestSumBytes(), costs.sumsBytes());
        // States of 1,024 tokens of both passes, and the sums of a block.
        assertThat(costs.diskBytes()).isEqualTo(3 * 256 * 1024 * 4 * width + costs.sumsBytes());
    }

    @Test
    void aHeapThatIsTooSmallIsRefusedWithOneThatDoes() {
        CalibrationPlan costs = plan("wan-t2v-14b", PLAN);
        assertThat(costs.refusal(2 * GIB).orElseThrow()).contains("QUANTREEL_HEAP=3g", "may use 2.1");
        assertThat(costs.describe()).contains("256 runs of 40 blocks", "1394 MB", "1614 MB");
    }

    @Test
    void withoutABranchALayerTakesLess() {
        assertThat(plan("wan-t2v-1.3b", SelfCalibrated.plan(4, 0, Optional.empty()))
                        .layerBytes())
                .isEqualTo(4 * (8960L * 8960 + 8960 * 1536));
    }
}
