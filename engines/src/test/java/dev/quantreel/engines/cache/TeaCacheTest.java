package dev.quantreel.engines.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TeaCacheTest {

    private static final Tensor TOKENS = Tensor.of(Shape.of(1, 2, 2), 1, 2, 3, 4);

    @Test
    void stepsAreSkippedUntilTheSummedChangeReachesTheThreshold() {
        // The signal grows by 10 % each step: sums of 0.1, 0.2 stay below 0.25, 0.3 does not.
        assertThat(computedSteps(TeaCache.of(TeaCacheProfile.IDENTITY, 0.25), 10, 1.1))
                .containsExactly(0, 3, 6, 9);
    }

    @Test
    void thresholdZeroComputesEveryStepAndAHugeOneOnlyTheFirstAndLast() {
        assertThat(computedSteps(TeaCache.of(TeaCacheProfile.IDENTITY, 0), 5, 1.1))
                .containsExactly(0, 1, 2, 3, 4);
        assertThat(computedSteps(TeaCache.of(TeaCacheProfile.IDENTITY, 1e9), 8, 1.1))
                .containsExactly(0, 7);
        assertThat(computedSteps(new StepCache.None(), 5, 1.1)).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void retentionComputesTheFirstFiveStepsAndNotTheLast() {
        // A constant signal: the polynomial's value at 0 is -0.05, so nothing ever reaches the threshold.
        assertThat(computedSteps(TeaCache.of(TeaCacheProfile.WAN_T2V_1_3B_RET), 20, 1))
                .containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void outsideTheWindowEveryStepIsComputed() {
        TeaCache cache = new TeaCache(TeaCacheProfile.IDENTITY, 1e9, new StepWindow(0.3, 0.8));
        assertThat(computedSteps(cache, 10, 1.1)).containsExactly(0, 1, 2, 8, 9);
    }

    @Test
    void branchesDoNotShareTheirState() {
        TeaCache cache = TeaCache.of(TeaCacheProfile.IDENTITY, 1e9);
        CacheTracker first = cache.start(4);
        CacheTracker second = cache.start(4);
        Tensor watched = Tensor.scalar(1);
        assertThat(first.reuses(0, watched)).isFalse();
        first.computed(TOKENS, Tensor.of(TOKENS.shape(), 2, 4, 6, 8));
        assertThat(second.reuses(0, watched)).isFalse();
        second.computed(TOKENS, Tensor.of(TOKENS.shape(), 0, 0, 0, 0));
        assertThat(first.reuses(1, watched)).isTrue();
        assertThat(first.reuse(TOKENS).toFloatArray()).containsExactly(2, 4, 6, 8);
        assertThat(second.reuses(1, watched)).isTrue();
        assertThat(second.reuse(TOKENS).toFloatArray()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void theResidualIsAddedToOtherTokens() {
        CacheTracker tracker = TeaCache.of(TeaCacheProfile.IDENTITY, 1e9).start(4);
        tracker.computed(TOKENS, Tensor.of(TOKENS.shape(), 1, 3, 5, 7));
        assertThat(tracker.reuse(Tensor.of(TOKENS.shape(), 10, 10, 10, 10)).toFloatArray())
                .containsExactly(10, 11, 12, 13);
    }

    @ParameterizedTest
    @EnumSource
    void everyProfileHasADegreeFourPolynomialAndThresholds(TeaCacheProfile profile) {
        assertThat(profile.coefficients()).hasSize(5);
        assertThat(profile.thresholds()).isNotEmpty().allMatch(threshold -> threshold > 0 && threshold < 1);
        List<Double> c = profile.coefficients();
        double x = 0.07;
        double expected = c.get(0) * Math.pow(x, 4)
                + c.get(1) * Math.pow(x, 3)
                + c.get(2) * Math.pow(x, 2)
                + c.get(3) * x
                + c.get(4);
        assertThat(profile.estimate(x)).isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
    }

    @Test
    void knownEstimates() {
        assertThat(TeaCacheProfile.IDENTITY.estimate(0.123)).isEqualTo(0.123);
        assertThat(TeaCacheProfile.WAN_T2V_1_3B.estimate(0)).isEqualTo(1.37887774e-01);
        assertThat(TeaCacheProfile.HUNYUAN_VIDEO.estimate(1))
                .isCloseTo(733.226126 - 401.131952 + 67.5869174 - 3.149878 + 0.0961237896, within(1e-9));
    }

    @ParameterizedTest(name = "{0} {1} image {2} second {3} cells {4}: {5}, {6}")
    @CsvSource({
        "wan, 1536, false, false, 6240, WAN_T2V_1_3B, WAN_T2V_1_3B_RET",
        "wan, 5120, false, false, 14400, WAN_T2V_14B, WAN_T2V_14B_RET",
        "wan, 5120, true, false, 6240, WAN_I2V_480P, WAN_I2V_480P_RET",
        "wan, 5120, true, false, 14400, WAN_I2V_720P, WAN_I2V_720P_RET",
        "wan, 1536, true, false, 6240, IDENTITY, IDENTITY",
        "wan, 256, false, false, 64, IDENTITY, IDENTITY",
        "cogvideox, 1920, false, false, 5400, COG_VIDEO_X_2B, COG_VIDEO_X_2B",
        "cogvideox, 3072, false, false, 5400, COG_VIDEO_X_5B, COG_VIDEO_X_5B",
        "cogvideox, 3072, true, false, 5400, COG_VIDEO_X_5B, COG_VIDEO_X_5B",
        "cogvideox, 3072, false, true, 16320, COG_VIDEO_X_1_5_5B, COG_VIDEO_X_1_5_5B",
        "cogvideox, 3072, true, true, 16320, COG_VIDEO_X_1_5_5B_I2V, COG_VIDEO_X_1_5_5B_I2V",
        "hunyuan-video, 3072, false, false, 14400, HUNYUAN_VIDEO, HUNYUAN_VIDEO",
        "ltx-video, 2048, false, false, 384, LTX_VIDEO, LTX_VIDEO",
        "hunyuan-video-1.5, 2048, false, false, 3600, IDENTITY, IDENTITY"
    })
    void theProfileFollowsFromTheModel(
            String family,
            int dim,
            boolean image,
            boolean second,
            long cells,
            TeaCacheProfile usual,
            TeaCacheProfile retention) {
        TeaCacheProfile.Model model = new TeaCacheProfile.Model(family, dim, image, second, cells);

        assertThat(TeaCacheProfile.of(model, false)).isEqualTo(usual);
        assertThat(TeaCacheProfile.of(model, true)).isEqualTo(retention);
    }

    @Test
    void valuesOutOfRangeAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TeaCache.of(TeaCacheProfile.IDENTITY, -0.1))
                .withMessageContaining("-0.1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StepWindow(0.9, 0.5))
                .withMessageContaining("0.9 to 0.5");
    }

    /// Steps that a cache computes on a signal that grows by a factor each step.
    private static List<Integer> computedSteps(StepCache cache, int steps, double growth) {
        CacheTracker tracker = cache.start(steps);
        List<Integer> computed = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            if (tracker.reuses(step, Tensor.of(Shape.of(1, 1), (float) Math.pow(growth, step)))) {
                tracker.reuse(TOKENS);
            } else {
                computed.add(step);
                tracker.computed(TOKENS, TOKENS);
            }
        }
        return computed;
    }
}
