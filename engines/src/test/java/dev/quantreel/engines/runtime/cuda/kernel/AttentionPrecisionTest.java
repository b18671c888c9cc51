package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionPrecisionTest {

    /// 100 KB of a multiprocessor of sm_86, sm_89 and sm_120 hold one block where two do not fit: then it has eight
    /// warps, two for each scheduler.
    @ParameterizedTest(name = "{0}, heads of {1}")
    @CsvSource({"BF16, 64", "BF16, 128", "S8_BF16, 64", "S8_BF16, 128", "S8_E4M3, 64", "S8_E4M3, 128"})
    void eightWarpsShareEveryMultiprocessor(AttentionPrecision precision, int headDim) {
        AttentionProblem problem = new AttentionProblem(1, 1000, 1000, 1, headDim, 0.1f);
        FlashAttention.Block block = FlashAttention.Block.of(problem, precision, new ComputeCapability(8, 9));
        FlashAttention.Layout layout = new FlashAttention.Layout(problem, precision, block);

        int blockBytes = layout.sharedBytes() + 1024; // What the driver keeps of each block.
        assertThat(blockBytes).isLessThanOrEqualTo(100 << 10);
        assertThat((100 << 10) / blockBytes * block.threads()).isGreaterThanOrEqualTo(256);
        assertThat(layout.bytes()).isLessThanOrEqualTo(FlashAttention.workspaceBytes(problem, precision));
    }

    @Test
    void fp8IsTakenWhereItIsOneInstruction() {
        assertThat(AttentionPrecision.fastest(new ComputeCapability(8, 0))).isEqualTo(AttentionPrecision.S8_BF16);
        assertThat(AttentionPrecision.fastest(new ComputeCapability(8, 6))).isEqualTo(AttentionPrecision.S8_BF16);
        assertThat(AttentionPrecision.fastest(new ComputeCapability(8, 9))).isEqualTo(AttentionPrecision.S8_E4M3);
        assertThat(AttentionPrecision.fastest(new ComputeCapability(9, 0))).isEqualTo(AttentionPrecision.S8_E4M3);
        assertThat(AttentionPrecision.fastest(new ComputeCapability(10, 0))).isEqualTo(AttentionPrecision.S8_BF16);
        assertThat(AttentionPrecision.fastest(new ComputeCapability(12, 0))).isEqualTo(AttentionPrecision.S8_E4M3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AttentionPrecision.fastest(new ComputeCapability(7, 5)))
                .withMessageContaining("8.0 or later; this GPU has 7.5");
    }
}
