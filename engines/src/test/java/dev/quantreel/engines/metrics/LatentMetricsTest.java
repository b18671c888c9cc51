package dev.quantreel.engines.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class LatentMetricsTest {

    private static final Tensor REFERENCE = Tensor.of(Shape.of(4), 1, -2, 2, 4);
    private static final Tensor ZERO = Tensor.of(Shape.of(4), 0, 0, 0, 0);

    @Test
    void distancesAreRelativeToTheReference() {
        Tensor value = Tensor.of(Shape.of(4), 2, -2, 2, 2);
        assertThat(LatentMetrics.relativeL1(value, REFERENCE)).isCloseTo(3.0 / 9, within(1e-12));
        assertThat(LatentMetrics.relativeL2(value, REFERENCE)).isCloseTo(Math.sqrt(5.0 / 25), within(1e-12));
        assertThat(LatentMetrics.cosine(value, REFERENCE)).isCloseTo(18 / (4 * 5.0), within(1e-12));
    }

    @Test
    void zeroIsNotDividedBy() {
        assertThat(LatentMetrics.relativeL2(ZERO, ZERO)).isZero();
        assertThat(LatentMetrics.relativeL1(REFERENCE, ZERO)).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(LatentMetrics.cosine(ZERO, REFERENCE)).isZero();
    }

    @Test
    void otherShapesAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LatentMetrics.relativeL2(REFERENCE, Tensor.of(Shape.of(2, 2), 1, 2, 3, 4)))
                .withMessageContaining("[4]")
                .withMessageContaining("[2x2]");
    }

    @Test
    void statisticsLeaveOutWhatIsNoNumberAndCountIt() {
        try (SafetensorsFile file = GoldenResource.open("video_metrics.safetensors")) {
            LatentStatistics statistics = LatentStatistics.of(file.tensor("latent"));
            assertThat(statistics.mean()).isCloseTo(expected(file, "latent_mean"), within(1e-12));
            assertThat(statistics.std()).isCloseTo(expected(file, "latent_std"), within(1e-12));
            assertThat(statistics.notFinite()).isEqualTo(3);
        }
        assertThat(LatentStatistics.of(Tensor.of(Shape.of(1), Float.NaN)).std()).isNaN();
    }

    private static double expected(SafetensorsFile file, String name) {
        return file.tensor("expected." + name).data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0);
    }
}
