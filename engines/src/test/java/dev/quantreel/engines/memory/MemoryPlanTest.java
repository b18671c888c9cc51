package dev.quantreel.engines.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.memory.MemoryPlan.Workload;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryPlanTest {

    private static final Workload SMALL = new Workload(new LatentSize(3, 32, 32), 2);
    private static final Optional<QuantizationPlan> W4 = Optional.of(QuantizationPlan.DVD_QUANT);

    private final CheckpointFile file;
    private final TransformerCheckpoint wan;

    MemoryPlanTest(@TempDir Path folder) {
        Path path = folder.resolve("wan13.safetensors");
        TransformerRelease release = TransformerRelease.named("wan-t2v-1.3b");
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options("original", DType.BF16, 0, 0))
                .writeSparse(path);
        file = CheckpointFiles.open(path);
        wan = TransformerCheckpoint.of(file);
    }

    @AfterEach
    void close() {
        file.close();
    }

    private MemoryPlan plan(Optional<QuantizationPlan> plan, Workload work) {
        return MemoryPlan.of(wan.architecture(), wan, plan, work);
    }

    private FittingSizes sizes(MachineMemory memory, Optional<QuantizationPlan> plan) {
        return new FittingSizes(SamplingMemory.of(model("sampling", plan)), memory);
    }

    private SamplingMemory.Model model(String title, Optional<QuantizationPlan> plan) {
        return new SamplingMemory.Model(title, wan.architecture(), wan, plan);
    }

    private static long bytes(MemoryPlan plan, String name) {
        return plan.peak().bytes(name);
    }

    @Test
    void lowRankBranchesAreCountedAlsoInWhatWouldFitInstead() {
        long rank64 = wan.blockLinears().stream()
                .map(layer -> wan.shape(layer + ".weight"))
                .mapToLong(shape -> 2 * 64 * (shape.dim(0) + shape.dim(1)))
                .sum();
        SamplingMemory without = SamplingMemory.of(model("sampling", W4));
        SamplingMemory with =
                SamplingMemory.of(new SamplingMemory.Model("sampling", wan.architecture(), wan, W4, rank64));

        assertThat(rank64).isBetween(170_000_000L, 180_000_000L);
        assertThat(with.together(SMALL).totalBytes())
                .isEqualTo(without.together(SMALL).totalBytes() + rank64);
        assertThat(bytes(with.together(SMALL), "low-rank branches")).isEqualTo(rank64);
        assertThat(with.models().getFirst().with(Optional.empty()).branchBytes())
                .isEqualTo(rank64);
        assertThat(with.together(SMALL).describe()).contains("low-rank branches 0.17");
    }

    @Test
    void branchesThatThePlanTakesOutOfTheWeightsAreCountedBesideThem() {
        QuantizationPlan plan = W4.orElseThrow();
        Optional<QuantizationPlan> branched =
                Optional.of(plan.withWeights(plan.weight().with(new BranchPlan.LowRank(64, 1))));
        long rank64 = wan.blockLinears().stream()
                .map(layer -> wan.shape(layer + ".weight"))
                .mapToLong(shape -> 2 * 64 * (shape.dim(0) + shape.dim(1)))
                .sum();

        assertThat(bytes(plan(branched, SMALL), "low-rank branches")).isEqualTo(rank64);
        assertThat(plan(branched, SMALL).totalBytes()).isEqualTo(plan(W4, SMALL).totalBytes() + rank64);
    }

    @Test
    void weightsAreCountedOnceInThePrecisionTheyAreHeldIn() {
        long parameters = wan.parameters();

        MemoryPlan full = plan(Optional.empty(), SMALL);
        MemoryPlan four = plan(W4, SMALL);

        long early = full.phases().getFirst().bytes("modulation weights");
        assertThat((double) bytes(full, "weights read from the file") + early).isCloseTo(2.0 * parameters, within(1e7));
        assertThat((double) early).isCloseTo(2 * (1536 * 9216 + 1536 * 1536), within(1e6));
        assertThat(bytes(full, "quantized weights")).isZero();
        assertThat(bytes(four, "quantized weights")).isBetween(parameters * 4 / 10, parameters * 52 / 100);
        assertThat(four.totalBytes()).isLessThan(full.totalBytes());
    }

    @Test
    void activationsGrowWithTheTokensAndNotWithTheirSquare() {
        Workload larger = new Workload(new LatentSize(3, 128, 128), 2);

        long small = bytes(plan(W4, SMALL), "activations");

        assertThat((double) bytes(plan(W4, larger), "activations")).isCloseTo(16.0 * small, within(100.0));
    }

    @Test
    void guidanceKeepsOneMorePrompt() {
        long one = bytes(plan(W4, new Workload(SMALL.size(), 1)), "encoded prompts");

        assertThat(bytes(plan(W4, SMALL), "encoded prompts") - one).isEqualTo(30L * 2 * 512 * 1536 * 4);
    }

    @Test
    void onePassOfBothBranchesHasTheActivationsOfBoth() {
        long serial = bytes(plan(W4, SMALL), "activations");

        assertThat(bytes(plan(W4, SMALL.batched()), "activations")).isEqualTo(2 * serial);
        assertThat(plan(W4, SMALL.batched()).totalBytes() - plan(W4, SMALL).totalBytes())
                .isEqualTo(serial);
        long between = plan(W4, SMALL).totalBytes() + serial / 2;
        MachineMemory memory = new MachineMemory(between, "a test");
        assertThat(sizes(memory, W4).instead(SMALL.batched()))
                .singleElement()
                .asString()
                .contains("serial");
    }

    @Test
    void whatWouldFitDoesFit() {
        Workload large = new Workload(new LatentSize(21, 60, 104), 2);
        MachineMemory memory = new MachineMemory(3_000_000_000L, "a test");

        assertThat(plan(W4, large).fits(memory)).isFalse();
        List<String> instead = sizes(memory, W4).instead(large);

        assertThat(instead).hasSize(2);
        String frames = instead.getFirst();
        int count = Integer.parseInt(frames.substring(0, frames.indexOf(' ')));
        assertThat(frames).endsWith("instead of 21 latent frames");
        assertThat(plan(W4, new Workload(new LatentSize(count, 60, 104), 2)).fits(memory))
                .isTrue();
        assertThat(plan(W4, new Workload(new LatentSize(count + 1, 60, 104), 2)).fits(memory))
                .isFalse();
    }

    @Test
    void fewerBitsAreOfferedWhereTheyHelp() {
        MachineMemory memory = new MachineMemory(3_000_000_000L, "a test");

        assertThat(sizes(memory, Optional.empty()).instead(SMALL))
                .containsExactly("this size with 4-bit weights (BGR Quantize)");
    }

    @Test
    void twoExpertsAreHeldTogetherWhereBothFitElseInTurn() {
        SamplingMemory experts = new SamplingMemory(
                List.of(model("high", W4), model("low", W4)), List.of(new MemoryPlan.Item("preview", 7_000_000)));
        long one = SamplingMemory.of(model("one", W4)).together(SMALL).totalBytes();

        MemoryPlan together = experts.plan(SMALL, new MachineMemory(Long.MAX_VALUE, "a test"));
        assertThat(together.phases())
                .extracting(MemoryPlan.Phase::name)
                .containsExactly(
                        "high, modulation before it", "low, modulation before it", "sampling, models held together");
        assertThat(together.peak().bytes("low, quantized weights"))
                .isEqualTo(together.peak().bytes("high, quantized weights"))
                .isEqualTo(bytes(plan(W4, SMALL), "quantized weights"));
        assertThat(together.peak().items())
                .filteredOn(item -> item.name().equals("program"))
                .hasSize(1);

        MemoryPlan inTurn = experts.plan(SMALL, new MachineMemory(together.totalBytes() - 1, "a test"));
        assertThat(inTurn.phases())
                .extracting(MemoryPlan.Phase::name)
                .containsExactly("high, modulation before it", "high", "low, modulation before it", "low");
        assertThat(inTurn.totalBytes()).isEqualTo(one + 7_000_000);
    }

    @Test
    void modulationIsResidentBeforeTheFirstStepAlone() {
        MemoryPlan plan = plan(W4, SMALL);
        MemoryPlan.Phase before = plan.phases().getFirst();
        MemoryPlan.Phase sampling = plan.phases().getLast();

        assertThat(before.name()).contains("modulation");
        assertThat(before.bytes("modulation weights")).isBetween(18_000_000L, 20_000_000L);
        assertThat(before.bytes("activations")).isZero();
        assertThat(sampling.bytes("modulation weights")).isZero();
        assertThat(plan.table()).contains("modulation before it", "modulation weights 0.02");
        long fifty = sampling.bytes("modulation vectors");
        assertThat(plan(W4, SMALL.withSteps(25)).phases().getLast().bytes("modulation vectors"))
                .isEqualTo(fifty / 2);
        assertThat(plan(W4, SMALL.withSteps(1_000_000)).phases().getLast().bytes("modulation vectors"))
                .isEqualTo(2 * (256L << 20));
    }

    @Test
    void theTableMarksThePhaseThatNeedsMost() {
        MemoryPlan plan = new MemoryPlan(List.of(
                new MemoryPlan.Phase("a", List.of(new MemoryPlan.Item("x", 1_000_000_000))),
                new MemoryPlan.Phase(
                        "long",
                        List.of(
                                new MemoryPlan.Item("y", 1_200_000_000),
                                new MemoryPlan.Item("nothing", 0),
                                new MemoryPlan.Item("z", 1_300_000_000)))));

        assertThat(plan.totalBytes()).isEqualTo(2_500_000_000L);
        assertThat(plan.table().lines())
                .containsExactly("  a      1.00 GB: x 1.00", "> long   2.50 GB: z 1.30, y 1.20");
    }

    @Test
    void nothingIsOfferedWhereNothingFits() {
        MachineMemory memory = new MachineMemory(1_000_000, "a test");

        assertThat(sizes(memory, Optional.empty()).instead(SMALL)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"12g, 12000000000", "3.5 GB, 3500000000", "800m, 800000000", "4096, 4096"})
    void budgetsAreReadAsPeopleWriteThem(String text, long bytes) {
        assertThat(MachineMemory.parse(text)).isEqualTo(bytes);
    }

    @Test
    void otherBudgetsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MachineMemory.parse("much"))
                .withMessageContaining("'much'")
                .withMessageContaining("12g");
    }

    @Test
    void residentMemoryIsReadFromTheKernelsLines() {
        ResidentMemory memory =
                ResidentMemory.parse(List.of("VmHWM:\t  2048 kB", "VmRSS:\t  1024 kB", "RssAnon:\t   512 kB"));

        assertThat(memory).isEqualTo(new ResidentMemory(1 << 20, 2 << 20, 512 << 10));
    }
}
