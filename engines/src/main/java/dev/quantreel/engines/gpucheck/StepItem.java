package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.evaluation.BlockBenchmark;
import dev.quantreel.engines.evaluation.BlockBenchmark.Line;
import dev.quantreel.engines.evaluation.BlockBenchmark.Work;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// The whole trunk of Wan 1.3B with random weights, and offloading it.
public final class StepItem implements GpuCheckItem {

    private static final Claim STEP = new Claim(
            "step",
            "All 30 blocks of Wan 1.3B at W4A8 and W4A4 (random weights, 32,760 tokens, one branch): time and memory");
    private static final Claim OFFLOAD =
            new Claim("offload", "Weights that wait on the host cost no time: `offload=always` beside `offload=never`");

    private static final LatentSize SIZE = new LatentSize(21, 60, 104);
    private static final int REPETITIONS = 2;
    private static final double NOISE = 1.05;

    @Override
    public String id() {
        return "step";
    }

    @Override
    public int order() {
        return 70;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(150);
    }

    @Override
    public List<Claim> claims() {
        return List.of(STEP, OFFLOAD);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note(BlockBenchmark.Model.WAN_1_3B.layers() + " blocks");
    }

    @Override
    public void measure(CheckContext context) {
        if (context.small()) {
            claims().forEach(claim -> context.log().skipped(claim, "", "real widths are not for a simulator"));
            return;
        }
        List<Line> resident = run(context, "offload=never", List.of(8, 4));
        Line offloaded = run(context, "offload=always", List.of(8)).getFirst();
        Measurement found = new Measurement(
                String.format(Locale.ROOT, "%.0f ms", offloaded.trunkMillis()),
                String.format(Locale.ROOT, "%.0f ms", resident.getFirst().trunkMillis()));
        boolean hidden = offloaded.trunkMillis() <= NOISE * resident.getFirst().trunkMillis();
        context.log().judge(OFFLOAD, "W4A8", hidden, found, "at most 5 % more");
    }

    private static List<Line> run(CheckContext context, String settings, List<Integer> bits) {
        try (CudaContext cuda = CudaDriver.open(context.driver()).device(0).open();
                Engine engine = EngineLookup.cuda(context, settings)) {
            long before = cuda.memory().freeBytes();
            PeakMemory peak = PeakMemory.watch(cuda);
            BlockBenchmark.Model model = BlockBenchmark.Model.WAN_1_3B;
            List<Line> lines = new BlockBenchmark(engine, () -> 0, CancellationToken.NONE)
                    .run(new Work(model, SIZE, model.layers(), bits, REPETITIONS));
            double gigabytes = (before - peak.stop()) / 1e9;
            for (Line line : lines) {
                Measurement found = new Measurement(
                        String.format(Locale.ROOT, "%.0f ms, at most %.2f GB", line.trunkMillis(), gigabytes),
                        "30 times the bf16 block of the item `block`");
                String subject = "W4A" + line.bits() + ", " + settings;
                context.log().judge(STEP, subject, line.isFinite(), found, "finite values");
            }
            return lines;
        }
    }
}
