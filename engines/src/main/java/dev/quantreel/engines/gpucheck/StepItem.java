package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.evaluation.BlockBenchmark;
import dev.quantreel.engines.evaluation.BlockBenchmark.Line;
import dev.quantreel.engines.evaluation.BlockBenchmark.Work;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

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
        Optional<Double> block = BlockItem.torch(context, BlockItem.WAN_1_3B).map(BlockItem.Baseline::millis);
        List<Line> resident = run(context, "offload=never", List.of(8, 4), block);
        Line offloaded = run(context, "offload=always", List.of(8), block).getFirst();
        Measurement found = new Measurement(
                String.format(Locale.ROOT, "%.0f ms", offloaded.trunkMillis()),
                String.format(Locale.ROOT, "%.0f ms", resident.getFirst().trunkMillis()));
        boolean hidden = offloaded.trunkMillis() <= NOISE * resident.getFirst().trunkMillis();
        context.log().judge(OFFLOAD, "W4A8", hidden, found, "at most 5 % more");
    }

    private static List<Line> run(CheckContext context, String settings, List<Integer> bits, Optional<Double> block) {
        try (CudaContext cuda = CudaDriver.open(context.driver()).device(0).open();
                CudaEngine engine = EngineLookup.cuda(context, settings)) {
            long before = cuda.memory().freeBytes();
            int chip = cuda.device().capability().number();
            PeakMemory reserved = PeakMemory.watch(cuda);
            BlockBenchmark.Model model = BlockBenchmark.Model.WAN_1_3B;
            List<Line> lines = new BlockBenchmark(engine, engine::heldBytes, CancellationToken.NONE)
                    .run(new Work(model, SIZE, model.layers(), bits, REPETITIONS));
            double taken = (before - reserved.stop()) / 1e9;
            for (Line line : lines) {
                double bound = BlockItem.WAN_1_3B.roofline().bound(Roofline.integersOverBf16(chip, line.bits()));
                String gain = block.map(own ->
                                String.format(Locale.ROOT, ", %.2f x bf16", own * model.layers() / line.trunkMillis()))
                        .orElse("");
                String beside = block.map(
                                own -> String.format(Locale.ROOT, "30 blocks in bf16 %.0f ms; ", own * model.layers()))
                        .orElse("no PyTorch; ");
                Measurement found = new Measurement(
                        String.format(
                                Locale.ROOT,
                                "%.0f ms%s, %.2f GB held, %.2f GB taken from the driver",
                                line.trunkMillis(),
                                gain,
                                line.heldBytes() / 1e9,
                                taken),
                        beside + String.format(Locale.ROOT, "bound %.2f x if linears alone are faster", bound));
                String subject = "W4A" + line.bits() + ", " + settings;
                context.log().judge(STEP, subject, line.isFinite(), found, "finite values");
            }
            return lines;
        }
    }
}
