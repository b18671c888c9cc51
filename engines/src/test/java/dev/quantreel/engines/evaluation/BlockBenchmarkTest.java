package dev.quantreel.engines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.LatentSize;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockBenchmarkTest {

    @Test
    void aLineSaysModelTokensBitsAndWhatABlockTakes() {
        BlockBenchmark.Work work =
                new BlockBenchmark.Work(BlockBenchmark.Model.WAN_14B, new LatentSize(21, 60, 104), 3, List.of(4), 2);

        assertThat(work.tokens()).isEqualTo(32_760);
        assertThat(new BlockBenchmark.Line(4, 300, 95.5, 0, true).text(work))
                .isEqualTo("WAN_14B, 32760 tokens, W4A4: 95.50 ms a block, 300.0 ms for 3 blocks");
        assertThat(new BlockBenchmark.Line(4, 300, 95.5, 0, false).text(work)).endsWith("OUTPUT IS NOT FINITE");
    }

    @Test
    void oneBlockCannotBeToldFromWhatIsAroundIt() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BlockBenchmark.Work(
                        BlockBenchmark.Model.WAN_1_3B, new LatentSize(1, 8, 8), 1, List.of(8), 1))
                .withMessageContaining("at least 2 blocks");
    }
}
