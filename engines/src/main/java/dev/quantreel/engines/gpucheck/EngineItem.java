package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.evaluation.BlockBenchmark;
import dev.quantreel.engines.evaluation.BlockBenchmark.Line;
import dev.quantreel.engines.evaluation.BlockBenchmark.Model;
import dev.quantreel.engines.evaluation.BlockBenchmark.Work;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.DemoTrunk.Pass;
import dev.quantreel.engines.gpucheck.DemoTrunk.Precision;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Whole transformers on the engine of our own kernels.
public final class EngineItem implements GpuCheckItem {

    private static final Claim DEMO = new Claim(
            "demo",
            "The demo model's transformer (W4A8) on engine cuda equals the processor's (5e-2, attention in 8 bits)");
    private static final Claim BLOCK = new Claim(
            "block",
            "A block of Wan 1.3B and of Wan 14B at 32,760 tokens on engine cuda, W4A8 and W4A4 (measured, no bound)");
    private static final Claim STEP = new Claim(
            "step", "All blocks of Wan 1.3B at 32,760 tokens on engine cuda, W4A8 and W4A4 (measured, no bound)");
    private static final Claim SWITCH =
            new Claim("switch", "Engine cuda switches between 8 and 4 bits of activations without more memory");

    private static final double TOLERANCE = 5e-2;
    private static final int SIDE = 8;
    private static final List<Pass> PASSES = List.of(new Pass(1000, 8), new Pass(500, 8));

    /// 81 frames at 832 x 480 pixels: 32,760 tokens.
    private static final LatentSize LATENT = new LatentSize(21, 60, 104);

    private static final List<Integer> BITS = List.of(8, 4, 8);
    private static final int REPETITIONS = 3;

    @Override
    public String id() {
        return "engine";
    }

    @Override
    public int order() {
        return 50;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(300);
    }

    @Override
    public List<Claim> claims() {
        return List.of(DEMO, BLOCK, STEP, SWITCH);
    }

    @Override
    public void prepare(CheckContext context) {
        String obstacle = EngineLookup.obstacle(EngineLookup.CUDA);
        context.log().note("engine cuda: " + (obstacle.isEmpty() ? "available" : obstacle));
    }

    @Override
    public void measure(CheckContext context) {
        String obstacle = context.small()
                ? "real sizes take a simulator hours"
                : EngineLookup.obstacle(EngineLookup.CUDA);
        if (!obstacle.isEmpty()) {
            claims().forEach(claim -> context.log().skipped(claim, "", obstacle));
            return;
        }
        try (Engine engine = EngineLookup.open(EngineLookup.CUDA)) {
            demo(context, engine);
            blocks(context, engine, BLOCK, new Work(Model.WAN_1_3B, LATENT, 3, BITS, REPETITIONS));
            blocks(context, engine, BLOCK, new Work(Model.WAN_14B, LATENT, 3, BITS, REPETITIONS));
            blocks(context, engine, STEP, new Work(Model.WAN_1_3B, LATENT, Model.WAN_1_3B.layers(), BITS, REPETITIONS));
        }
    }

    private static void demo(CheckContext context, Engine engine) {
        double distance;
        try (Engine processor = EngineLookup.open(EngineLookup.ORT_CPU)) {
            distance = DemoTrunk.distance(run(engine, context), run(processor, context));
        }
        context.log()
                .judge(
                        DEMO,
                        engine.description(),
                        distance <= TOLERANCE,
                        new Measurement(String.format(Locale.ROOT, "%.1e", distance), ""),
                        "at most " + TOLERANCE);
    }

    private static List<Tensor> run(Engine engine, CheckContext context) {
        try (DemoTrunk trunk = DemoTrunk.open(engine, context.models(), Precision.W4, SIDE)) {
            return trunk.run(PASSES);
        }
    }

    private static void blocks(CheckContext context, Engine engine, Claim claim, Work work) {
        BlockBenchmark benchmark = new BlockBenchmark(
                engine, engine instanceof CudaEngine cuda ? cuda::heldBytes : () -> 0, CancellationToken.NONE);
        List<Line> lines = benchmark.run(work);
        for (Line line : lines) {
            context.log().judge(
                    claim,
                    work.model() + ", " + work.blocks() + " blocks, A" + line.bits(),
                    line.isFinite(),
                    new Measurement(
                            line.text(work), String.format(Locale.ROOT, "%.2f GB held", line.heldBytes() / 1e9)),
                    "finite values");
        }
        long first = lines.getFirst().heldBytes();
        boolean same = lines.stream().allMatch(line -> line.heldBytes() == first);
        context.log().judge(
                SWITCH,
                work.model() + ", " + work.blocks() + " blocks",
                same,
                new Measurement(lines.stream().map(Line::heldBytes).toList() + " bytes", ""),
                "as many bytes at each width");
    }
}
