package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelfCalibratedTest {

    /// Multiples of a row's step need room in a byte.
    @ParameterizedTest
    @CsvSource({"2, true", "4, true", "5, true", "6, false", "8, false"})
    void stepsAreByGroupsWhereTheyFit(int bits, boolean grouped) {
        QuantizationPlan plan = SelfCalibrated.plan(bits, 16, Optional.empty());
        assertThat(plan.weight().granularity() instanceof Granularity.GroupMultiples)
                .isEqualTo(grouped);
        assertThat(plan.weightBits()).isEqualTo(bits);
        assertThat(plan.weights().needsStatistics()).isTrue();
        assertThat(plan.activations().resolve(4)).isEqualTo(new ActivationQuantizer.Block(32));
        assertThat(plan.activations().resolve(8)).isEqualTo(new ActivationQuantizer.RowNormalized());
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, true", "32, true"})
    void rankNoneIsNoBranch(int rank, boolean branch) {
        assertThat(SelfCalibrated.plan(4, rank, Optional.empty()).branch() instanceof BranchPlan.LowRank)
                .isEqualTo(branch);
    }
}
