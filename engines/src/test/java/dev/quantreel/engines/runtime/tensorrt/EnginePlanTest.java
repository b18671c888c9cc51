package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerRelease;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Plans beside figures that were counted by hand for published models.
class EnginePlanTest {

    private static final int TEXT = 512;

    private static TransformerWork work(String release, int frames, int height, int width, int text) {
        return TransformerWork.of(architecture(release), new LatentSize(frames, height, width), text);
    }

    private static TransformerArchitecture architecture(String release) {
        return TransformerRelease.named(release).architecture();
    }

    private static ChipRates rates(String chip) {
        return ChipRates.of(chip).orElseThrow();
    }

    @ParameterizedTest(name = "{0}, {1} x {2} x {3}: {4} tokens")
    @CsvSource({
        "wan-t2v-1.3b, 21, 60, 104, 32760, 82, 201",
        "wan-t2v-14b, 21, 60, 104, 32760, 785, 893",
        "wan-t2v-14b, 21, 90, 160, 75600, 1810, 4714",
        "hunyuan-video, 33, 90, 160, 118800, 1618, 10451"
    })
    void operationsAreThoseCountedByHand(
            String release, int frames, int height, int width, long tokens, double linear, double attention) {
        TransformerWork work = work(release, frames, height, width, release.startsWith("wan") ? TEXT : 256);

        assertThat(work.tokens()).isEqualTo(tokens);
        assertThat(work.linearFlops() / 1e12).isCloseTo(linear, within(0.03 * linear));
        assertThat(work.attentionFlops() / 1e12).isCloseTo(attention, within(0.03 * attention));
    }

    @ParameterizedTest(name = "{0}, {1} x {2} x {3} on {4}")
    @CsvSource({
        "wan-t2v-1.3b, 21, 60, 104, H100, 0.29, 0.24, 1.17",
        "wan-t2v-1.3b, 21, 60, 104, RTX 4090, 1.71, 1.34, 1.28",
        "wan-t2v-14b, 21, 60, 104, H100, 1.70, 1.30, 1.31",
        "wan-t2v-14b, 21, 60, 104, RTX 4090, 10.16, 6.59, 1.54",
        "hunyuan-video, 33, 90, 160, H100, 12.2, 11.4, 1.07",
        "hunyuan-video, 33, 90, 160, RTX 4090, 73.1, 65.7, 1.11"
    })
    void timesAndBoundsAreThoseCountedByHand(
            String release, int frames, int height, int width, String chip, double base, double int8, double bound) {
        TransformerWork work = work(release, frames, height, width, release.startsWith("wan") ? TEXT : 256);
        ChipRates rates = rates(chip);

        assertThat(work.leastSeconds(EngineKind.BF16, rates)).isCloseTo(base, within(0.03 * base));
        assertThat(work.leastSeconds(EngineKind.INT8, rates)).isCloseTo(int8, within(0.03 * int8));
        assertThat(work.bound(rates.int8Teraflops() / rates.bf16Teraflops())).isCloseTo(bound, within(0.02));
        assertThat(work.leastSeconds(EngineKind.INT4_WEIGHTS, rates))
                .as("weights of 4 bits bring no time")
                .isEqualTo(work.leastSeconds(EngineKind.BF16, rates));
        assertThat(work.leastSeconds(EngineKind.W4_AS_INT8, rates))
                .isEqualTo(work.leastSeconds(EngineKind.INT8, rates));
    }

    @Test
    void aBoundLiesBetweenNothingAndTheRatio() {
        TransformerWork work = work("wan-t2v-14b", 21, 60, 104, TEXT);
        assertThat(work.bound(1)).isCloseTo(1, within(1e-12));
        assertThat(work.bound(4)).isBetween(work.bound(2), 4.0);
        assertThat(work.bound(1e12)).isCloseTo(1 / work.attentionShare(), within(1e-6));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"wan-t2v-14b, 28.1, 14.1, 7.0", "hunyuan-video, 25, 12.5, 6.2"})
    void weightsTakeWhatTheirBitsSay(String release, double bf16, double int8, double int4) {
        TransformerWork work = work(release, 21, 60, 104, TEXT);
        long parameters = work.blockWeights() + work.otherWeights();

        assertThat(work.weightBytes(EngineKind.BF16)).isEqualTo(2 * parameters);
        assertThat(work.weightBytes(EngineKind.BF16) / 1e9).isCloseTo(bf16, within(0.05 * bf16));
        // What is not in the blocks' linears (modulation, embeddings) stays in 16 bits.
        double others = 2e-9 * work.otherWeights();
        assertThat(work.weightBytes(EngineKind.INT8) / 1e9 - others / 2).isCloseTo(int8, within(0.05 * int8));
        assertThat(work.weightBytes(EngineKind.INT4_WEIGHTS) / 1e9 - 0.75 * others)
                .isCloseTo(int4 * 4.25 / 4, within(0.05 * int4));
        assertThat(work.weightBytes(EngineKind.W4_AS_INT8)).isEqualTo(work.weightBytes(EngineKind.INT8));
    }

    @Test
    void aPlanTellsBytesTimesAndWhy() {
        EnginePlan plan = new EnginePlan(
                "Wan 2.1 T2V 14B",
                5120,
                work("wan-t2v-14b", 21, 60, 104, TEXT),
                List.of(EngineKind.W4_AS_INT8, EngineKind.INT4_WEIGHTS),
                ChipRates.of("NVIDIA H100 80GB HBM3"),
                "NVIDIA H100 80GB HBM3 (sm_90)");

        assertThat(plan.text())
                .contains(
                        "W4A8 carried as int8",
                        "W4A16",
                        "1.31x",
                        "a = 0.53",
                        "nothing here was measured",
                        "falls back to BF16: attention",
                        "steps of up to 4 bits run W4A16",
                        "share activations, not weights");
        assertThat(plan.weightBytes())
                .isEqualTo(
                        plan.work().weightBytes(EngineKind.INT8) + plan.work().weightBytes(EngineKind.INT4_WEIGHTS));
        assertThat(plan.totalBytes()).isGreaterThan(plan.weightBytes()).isLessThan(80_000_000_000L);
    }

    @Test
    void anUnknownChipGetsBytesAndNoTimes() {
        EnginePlan plan = new EnginePlan(
                "Wan", 1536, work("wan-t2v-1.3b", 21, 60, 104, TEXT), List.of(EngineKind.INT8), Optional.empty(), "?");

        assertThat(plan.text()).contains("no times are told").doesNotContain("1.17x");
    }

    @Test
    void noLabelPromisesWhatTensorRtHasNot() {
        for (EngineKind kind : EngineKind.values()) {
            assertThat(kind.label()).doesNotContain("W4A4");
            if (kind.weightBits() < 8) {
                assertThat(kind.label()).isEqualTo("W4A16");
                assertThat(kind.activationBits()).isEqualTo(16);
            }
        }
        assertThat(EngineKind.W4_AS_INT8.explanation()).contains("whole byte", "no product of 4-bit with 8-bit");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"NVIDIA A100-SXM4-80GB, 80, false", "NVIDIA GeForce RTX 4090, 89, true", "NVIDIA H200, 90, true"})
    void fp8IsForChipsThatHaveIt(String name, int sm, boolean has) {
        ChipRates known = rates(name);
        assertThat(known.sm()).isEqualTo(sm);
        assertThat(EngineKind.FP8.obstacle(known.chip()).isEmpty()).isEqualTo(has);
        assertThat(known.fp8Teraflops() > 0).isEqualTo(has);
        assertThat(Arrays.stream(EngineKind.values()).filter(kind -> kind != EngineKind.FP8))
                .allMatch(kind -> kind.obstacle(known.chip()).isEmpty());
    }

    @Test
    void aChipWithoutFp8IsNamedWithWhatItHas() {
        assertThat(EngineKind.FP8.obstacle(new Chip("NVIDIA A100", 8, 0)))
                .contains("FP8 needs compute capability 8.9 or newer; NVIDIA A100 has 8.0");
    }
}
