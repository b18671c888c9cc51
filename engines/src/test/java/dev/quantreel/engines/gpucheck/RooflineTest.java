package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RooflineTest {

    @ParameterizedTest(name = "{0} tokens, width {1}")
    @CsvSource({
        // Shares of attention in published models' operations, counted by hand, and what twice as fast linears can
        // give.
        "32760, 1536, 8960, 0.71, 1.17",
        "32760, 5120, 13824, 0.53, 1.31",
        "75600, 5120, 13824, 0.72, 1.16"
    })
    void theBoundIsThatOfTheShareOfAttention(long tokens, long width, long mlp, double share, double twice) {
        Roofline roofline = new Roofline(tokens, width, mlp);

        assertThat(roofline.attention()).isCloseTo(share, within(0.015));
        assertThat(roofline.bound(2)).isCloseTo(twice, within(0.015));
        assertThat(roofline.bound(1)).isCloseTo(1, within(1e-12));
        assertThat(roofline.bound(1e9)).isCloseTo(1 / roofline.attention(), within(1e-6));
    }

    @Test
    void withoutTokensToAttendToLinearsAreAll() {
        assertThat(new Roofline(1, 8192, 32_768).attention()).isLessThan(0.02);
    }

    @Test
    void fourBitsAreTwiceAsFastWhereAChipHasThem() {
        assertThat(Roofline.integersOverBf16(80, 4)).isEqualTo(4);
        assertThat(Roofline.integersOverBf16(89, 4)).isEqualTo(8);
        assertThat(Roofline.integersOverBf16(89, 8)).isEqualTo(4);
        assertThat(Roofline.integersOverBf16(90, 4))
                .isEqualTo(Roofline.integersOverBf16(90, 8))
                .isEqualTo(2);
    }
}
