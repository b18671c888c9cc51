package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.DemoTrunk.Pass;
import dev.quantreel.engines.gpucheck.DemoTrunk.Precision;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// A whole transformer on our own kernels, whose activations change their bits from step to step.
public final class DitItem implements GpuCheckItem {

    private static final Claim SAME = new Claim(
            "same", "The demo model's transformer at W4A8 on the engine `cuda` is within 5 % of the processor's");
    private static final Claim QUALITY = new Claim(
            "quality",
            "At W4A4, where a rounding more or less moves codes, its distance from full precision is the processor's (10 %)");
    private static final Claim SWITCH = new Claim(
            "switch", "Activation bits change from step to step (δ-GBS) without another set of weights in memory");
    private static final Claim TIME =
            new Claim("time", "Steps whose bits change take no longer than steps whose bits stay");

    /// Two sound engines are .02 to .03 apart, and the processor from itself by .023 with a latent moved by 1e-5: codes
    /// turn (`TurnedCodesTest`).
    private static final double TOLERANCE = 0.05;
    private static final double ALIKE = 0.1;
    private static final double NOISE = 1.05;
    private static final int SIDE = 8;
    private static final int SMALL_SIDE = 4;
    private static final int REPETITIONS = 20;
    /// Rounds to 8 bits of mantissa, as the bound supposes.
    private static final String ATTENTION = "attention=bf16";

    @Override
    public String id() {
        return "dit";
    }

    @Override
    public int order() {
        return 50;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(90);
    }

    @Override
    public List<Claim> claims() {
        return List.of(SAME, QUALITY, SWITCH, TIME);
    }

    private static List<Pass> passes(int... bits) {
        List<Pass> passes = new ArrayList<>();
        for (int i = 0; i < bits.length; i++) {
            passes.add(new Pass(1000f - 90 * i, bits[i]));
        }
        return passes;
    }

    private static DemoTrunk open(Engine engine, CheckContext context, Precision precision) {
        return DemoTrunk.open(engine, context.models(), precision, context.small() ? SMALL_SIDE : SIDE);
    }

    private static List<Tensor> processor(CheckContext context, Precision precision, List<Pass> passes) {
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_CPU);
                DemoTrunk trunk = open(engine, context, precision)) {
            return trunk.run(passes);
        }
    }

    @Override
    public void prepare(CheckContext context) {
        int count = processor(context, Precision.W4, passes(8, 4)).size();
        context.log().note("the demo model, W4: " + count + " passes on the processor");
    }

    @Override
    public void measure(CheckContext context) {
        try (CudaEngine engine = EngineLookup.cuda(context, ATTENTION);
                DemoTrunk trunk = open(engine, context, Precision.W4)) {
            context.log().note(engine.description());
            // Wider codes first: the arena is largest for them.
            List<Pass> eight = context.small() ? passes(8) : passes(8, 8, 8);
            double distance = DemoTrunk.distance(trunk.run(eight), processor(context, Precision.W4, eight));
            Measurement found = new Measurement(String.format(Locale.ROOT, "distance %.2e", distance), "");
            context.log().judge(SAME, "", distance <= TOLERANCE, found, "at most " + TOLERANCE);
            // What the engine counts itself: memory that went back to the driver's pool is not free there.
            long before = engine.heldBytes();
            List<Pass> four = context.small() ? passes(4) : passes(4, 4, 4);
            quality(context, trunk.run(four), four);
            trunk.run(eight);
            long more = engine.heldBytes() - before;
            long weights = trunk.packedWeightBytes();
            Measurement memory = new Measurement(
                    more + " bytes more after steps of other bits", "4-bit weights of " + weights + " bytes");
            boolean holds = before >= weights && more < weights;
            context.log().judge(SWITCH, "", holds, memory, "less than the weights, which are on the device once");
            times(context, trunk);
        }
    }

    private static void quality(CheckContext context, List<Tensor> actual, List<Pass> passes) {
        List<Tensor> full = processor(context, Precision.FULL, passes);
        double ours = DemoTrunk.distance(actual, full);
        double processors = DemoTrunk.distance(processor(context, Precision.W4, passes), full);
        Measurement found = new Measurement(
                String.format(Locale.ROOT, "%.4f from full precision", ours),
                String.format(Locale.ROOT, "%.4f on the processor", processors));
        context.log().judge(QUALITY, "", Math.abs(ours / processors - 1) <= ALIKE, found, "within 10 %");
    }

    private static void times(CheckContext context, DemoTrunk trunk) {
        if (context.small()) {
            context.log().skipped(TIME, "", "times of a simulator mean nothing");
            return;
        }
        double eights = millis(trunk, passes(8, 8, 8, 8));
        double fours = millis(trunk, passes(4, 4, 4, 4));
        double mixed = millis(trunk, passes(8, 4, 8, 4));
        context.log()
                .judge(
                        TIME,
                        "four steps of the demo model",
                        mixed <= NOISE * (eights + fours) / 2,
                        new Measurement(
                                String.format(Locale.ROOT, "%.2f ms with bits 8, 4, 8, 4", mixed),
                                String.format(Locale.ROOT, "%.2f ms with 8 alone, %.2f with 4 alone", eights, fours)),
                        "at most 5 % above the mean of both");
    }

    private static double millis(DemoTrunk trunk, List<Pass> passes) {
        trunk.run(passes);
        double[] times = new double[REPETITIONS];
        for (int i = 0; i < times.length; i++) {
            long start = System.nanoTime();
            trunk.run(passes);
            times[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(times);
        return times[times.length / 2];
    }
}
