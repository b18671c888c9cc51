package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AttentionRateTest {

    /// On the simulator, whose times mean nothing: that it runs, frees everything and counts right.
    @ParameterizedTest(name = "{0}")
    @EnumSource(AttentionPrecision.class)
    void everyPrecisionIsTimedOnPatternsThatRepeat(AttentionPrecision precision) {
        AttentionProblem small = new AttentionProblem(1, 70, 1100, 1, 64, 0.125f);
        try (KernelBench bench = new KernelBench()) {
            long before = bench.gpu.liveAllocations();

            AttentionRate rate = AttentionRate.measure(bench.kernels(), precision, small, 1);

            assertThat(rate.prepareMillis()).isPositive();
            assertThat(rate.teraflops())
                    .isCloseTo(4.0 * 70 * 1100 * 64 / rate.attendMillis() / 1e9, withinPercentage(1e-6))
                    .isGreaterThan(rate.teraflopsInAll());
            assertThat(bench.gpu.liveAllocations()).isEqualTo(before);
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(AttentionPrecision.class)
    void theLargestModelsFitIntoTheMemoryOfALargeGpu(AttentionPrecision precision) {
        assertThat(AttentionRate.models()).hasSize(6).allSatisfy(size -> {
            AttentionProblem problem = size.problem();
            long operands = 2L * problem.channels() * (2L * problem.queries() + 2L * problem.keys());
            long bytes = operands + FlashAttention.workspaceBytes(problem, precision);
            assertThat(bytes).as(size.name()).isLessThan(8L << 30);
        });
    }
}
