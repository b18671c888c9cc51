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

class TemporalDistributionTest {

    @Test
    void rowsAndDivergenceOfLatentsEqualTheIndependentReference() {
        try (SafetensorsFile file = GoldenResource.open("temporal_distribution.safetensors")) {
            TemporalDistribution reference = TemporalDistribution.of(file.tensor("reference"));
            Tensor rows = file.tensor("expected.rows");
            for (int i = 0; i < reference.count(); i++) {
                for (int j = 0; j < reference.count(); j++) {
                    assertThat(reference.probability(i, j))
                            .isCloseTo(number(rows, (long) i * reference.count() + j), within(1e-12));
                }
            }
            assertThat(reference.divergence(TemporalDistribution.of(file.tensor("test"))))
                    .isPositive()
                    .isCloseTo(number(file.tensor("expected.divergence"), 0), within(1e-12));
        }
    }

    @Test
    void framesAndChannelsAreNotMixedUp() {
        // Frame 0 is (1, 0) and frame 1 is (0, 1) over the channels; read the other way round they would be alike.
        Tensor apart = Tensor.of(Shape.of(1, 2, 2, 1, 1), 1, 0, 0, 1);
        Tensor alike = Tensor.of(Shape.of(1, 2, 2, 1, 1), 1, 1, 0, 0);
        assertThat(TemporalDistribution.of(apart).probability(0, 1)).isCloseTo(1 / (1 + Math.E), within(1e-12));
        assertThat(TemporalDistribution.of(alike).probability(0, 1)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void theScaleOfAFrameDoesNotCount() {
        Tensor latent = Tensor.of(Shape.of(1, 1, 3, 1, 2), 1, 2, 3, -1, 0.5f, 4);
        Tensor scaled = Tensor.of(Shape.of(1, 1, 3, 1, 2), 10, 20, 0.3f, -0.1f, 0.5f, 4);
        assertThat(TemporalDistribution.of(latent).divergence(TemporalDistribution.of(scaled)))
                .isCloseTo(0, within(1e-12));
    }

    @Test
    void aClipOfOneFrameAndOneOfZerosHaveNoDivergence() {
        TemporalDistribution one = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 1, 1, 2), 1, 2));
        assertThat(one.divergence(TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 1, 1, 2), -7, 2))))
                .isZero();
        TemporalDistribution still = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 2, 1, 1), 0, 0));
        assertThat(still.divergence(still)).isZero();
    }

    @Test
    void notANumberStaysVisible() {
        TemporalDistribution whole = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 2, 1, 1), 1, -1));
        TemporalDistribution broken = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 2, 1, 1), 1, Float.NaN));
        assertThat(whole.divergence(broken)).isNaN();
    }

    @Test
    void otherShapesAreRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TemporalDistribution.of(Tensor.of(Shape.of(2, 2), 1, 2, 3, 4)))
                .withMessageContaining("[1, channels, frames, height, width]")
                .withMessageContaining("[2x2]");
        TemporalDistribution two = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 2, 1, 1), 1, 2));
        TemporalDistribution three = TemporalDistribution.of(Tensor.of(Shape.of(1, 1, 3, 1, 1), 1, 2, 3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> two.divergence(three))
                .withMessageContaining("2 and 3 frames");
    }

    private static double number(Tensor tensor, long index) {
        return tensor.data().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, index);
    }
}
