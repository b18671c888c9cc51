package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.DemoTrunk.Pass;
import dev.quantreel.engines.gpucheck.DemoTrunk.Precision;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// ONNX Runtime's CUDA provider from Java, through Deep Java Library. Its library is no part of the bundle.
public final class OrtItem implements GpuCheckItem {

    private static final Claim FLOAT = new Claim(
            "float", "ONNX Runtime's CUDA provider runs the demo model from Java and equals the processor (1e-3)");
    private static final Claim INTEGER = new Claim(
            "integer", "ONNX Runtime's CUDA provider runs the integer form (W4A8) that the processor runs (5e-2)");

    private static final Claim EXPORTED = new Claim(
            "exported",
            "ONNX Runtime's CUDA provider runs the exported graphs (INT8 QDQ) as the processor does (5e-2)");
    private static final Claim BINDING = new Claim(
            "binding",
            "Results that stay on the GPU between graphs (I/O binding) are those copied to the host, in no more time");

    private static final double FLOAT_TOLERANCE = 1e-3;
    /// Codes turn between any two sound engines, as in [DitItem].
    private static final double INTEGER_TOLERANCE = 5e-2;
    private static final int SIDE = 8;
    private static final List<Pass> PASSES = List.of(new Pass(1000, 8), new Pass(500, 8));
    private static final int REPETITIONS = 10;
    private static final int WIDE = 48;
    private static final double SAME = 1e-5;
    private static final double NOISE = 1.05;

    @Override
    public String id() {
        return "ort";
    }

    @Override
    public int order() {
        return 80;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(60);
    }

    @Override
    public List<Claim> claims() {
        return List.of(FLOAT, INTEGER, EXPORTED, BINDING);
    }

    /// The engine on Deep Java Library's processor: everything but the device.
    @Override
    public void prepare(CheckContext context) {
        EngineLookup.provider(EngineLookup.ORT_GPU);
        for (Precision precision : Precision.values()) {
            try (Engine engine = EngineLookup.open(EngineLookup.ORT_DJL_CPU)) {
                double distance = DemoTrunk.distance(run(engine, context, precision), processor(context, precision));
                if (!(distance <= FLOAT_TOLERANCE)) {
                    throw new IllegalStateException(
                            "the demo model, " + precision + ", on " + engine.description() + " is off by " + distance);
                }
                context.log().note(engine.description() + " runs the demo model, " + precision);
            }
        }
    }

    private static List<Tensor> processor(CheckContext context, Precision precision) {
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_CPU)) {
            return run(engine, context, precision);
        }
    }

    private static List<Tensor> run(Engine engine, CheckContext context, Precision precision) {
        try (DemoTrunk trunk = DemoTrunk.open(engine, context.models(), precision, SIDE)) {
            return trunk.run(PASSES);
        }
    }

    @Override
    public void measure(CheckContext context) {
        String obstacle = EngineLookup.obstacle(EngineLookup.ORT_GPU);
        if (!obstacle.isEmpty()) {
            claims().forEach(claim -> context.log().skipped(claim, "", obstacle));
            return;
        }
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_GPU)) {
            context.log().attempt(FLOAT, () -> judge(context, engine, Precision.FULL));
            context.log().attempt(INTEGER, () -> judge(context, engine, Precision.W4));
            context.log().attempt(EXPORTED, () -> judge(context, engine, Precision.QDQ_INT8));
        }
        context.log().attempt(BINDING, () -> binding(context));
    }

    /// A clip whose tokens are megabytes, so that copies would show.
    private static void binding(CheckContext context) {
        List<Tensor> bound = new ArrayList<>();
        List<Tensor> copied = new ArrayList<>();
        double stays = timed(context, "binding=true", bound);
        double goes = timed(context, "binding=false", copied);
        double distance = DemoTrunk.distance(bound, copied);
        context.log()
                .judge(
                        BINDING,
                        WIDE + " x " + WIDE + " latent",
                        distance <= SAME && stays <= NOISE * goes,
                        new Measurement(
                                String.format(Locale.ROOT, "%.2f ms a pass, distance %.1e", stays, distance),
                                String.format(Locale.ROOT, "%.2f ms a pass with results on the host", goes)),
                        "the same values in no more time");
    }

    /// @param velocities where they go
    /// @return milliseconds of a pass
    private static double timed(CheckContext context, String settings, List<Tensor> velocities) {
        try (Engine engine = EngineLookup.provider(EngineLookup.ORT_GPU).create(EngineOptions.parse(0, settings));
                DemoTrunk trunk = DemoTrunk.open(engine, context.models(), Precision.FULL, WIDE)) {
            velocities.addAll(trunk.run(PASSES));
            long start = System.nanoTime();
            for (int i = 0; i < REPETITIONS; i++) {
                trunk.run(PASSES);
            }
            return (System.nanoTime() - start) / 1e6 / REPETITIONS / PASSES.size();
        }
    }

    private static void judge(CheckContext context, Engine engine, Precision precision) {
        double tolerance = precision == Precision.FULL ? FLOAT_TOLERANCE : INTEGER_TOLERANCE;
        Claim claim =
                switch (precision) {
                    case FULL -> FLOAT;
                    case W4 -> INTEGER;
                    case QDQ_INT8 -> EXPORTED;
                };
        try (DemoTrunk trunk = DemoTrunk.open(engine, context.models(), precision, SIDE)) {
            double distance = DemoTrunk.distance(trunk.run(PASSES), processor(context, precision));
            long start = System.nanoTime();
            for (int i = 0; i < REPETITIONS; i++) {
                trunk.run(PASSES);
            }
            double millis = (System.nanoTime() - start) / 1e6 / REPETITIONS / PASSES.size();
            context.log()
                    .judge(
                            claim,
                            engine.description(),
                            distance <= tolerance,
                            new Measurement(
                                    String.format(Locale.ROOT, "distance %.2e, %.2f ms a pass", distance, millis), ""),
                            "a distance of at most " + tolerance);
        }
    }
}
