package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.DemoTrunk.Pass;
import dev.quantreel.engines.gpucheck.DemoTrunk.Precision;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Tensor;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;

/// What a run of the engine `cuda` leaves to the next: recorded graphs, an arena that grew, an interrupt, weights that
/// came from the host. Whatever went before, the same inputs give the same bits.
public final class RunsItem implements GpuCheckItem {

    private static final Claim GRAPHS =
            new Claim("graphs", "Runs recorded as CUDA graphs give the bits of runs that are not, in no more time");
    private static final Claim ARENA = new Claim(
            "arena", "A larger clip that makes the arena grow leaves a smaller one its bits, and has its own");
    private static final Claim INTERRUPT =
            new Claim("interrupt", "A run that is interrupted leaves the next one its bits");
    private static final Claim OFFLOAD =
            new Claim("offload", "Weights that wait on the host give the bits of weights that stay on the GPU");

    private static final String RESIDENT = "offload=never";
    private static final List<Pass> PASSES = List.of(new Pass(1000, 8), new Pass(910, 4), new Pass(820, 8));
    private static final List<Pass> FEW = List.of(new Pass(1000, 8));
    private static final int SIDE = 8;
    private static final int SMALL_SIDE = 2;
    private static final int REPETITIONS = 20;
    private static final double NOISE = 1.05;

    @Override
    public String id() {
        return "runs";
    }

    @Override
    public int order() {
        return 55;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(60);
    }

    @Override
    public List<Claim> claims() {
        return List.of(GRAPHS, ARENA, INTERRUPT, OFFLOAD);
    }

    @Override
    public void prepare(CheckContext context) {
        try (Engine engine = EngineLookup.open(EngineLookup.ORT_CPU);
                DemoTrunk trunk = open(engine, context)) {
            context.log().note(trunk.run(FEW).size() + " pass of the demo model, W4, on the processor");
        }
    }

    private static int side(CheckContext context) {
        return context.small() ? SMALL_SIDE : SIDE;
    }

    private static DemoTrunk open(Engine engine, CheckContext context) {
        return DemoTrunk.open(engine, context.models(), Precision.W4, side(context));
    }

    private static List<Pass> passes(CheckContext context) {
        return context.small() ? FEW : PASSES;
    }

    @Override
    public void measure(CheckContext context) {
        List<Tensor> expected;
        try (Engine engine = EngineLookup.cuda(context, RESIDENT);
                DemoTrunk trunk = open(engine, context)) {
            expected = trunk.run(passes(context));
            arena(context, trunk, expected);
            interrupt(context, trunk, expected);
        }
        graphs(context, expected);
        try (Engine engine = EngineLookup.cuda(context, "offload=always");
                DemoTrunk trunk = open(engine, context)) {
            List<Tensor> first = trunk.run(passes(context));
            List<Tensor> again = trunk.run(passes(context));
            same(context, OFFLOAD, "first run", first, expected);
            same(context, OFFLOAD, "again", again, expected);
        }
    }

    /// Twice as many rows and columns, in the session that ran the smaller clip; beside a session that knows no other.
    private static void arena(CheckContext context, DemoTrunk trunk, List<Tensor> expected) {
        int larger = 2 * side(context);
        List<Tensor> grown = trunk.run(FEW, larger, CancellationToken.NONE);
        try (Engine engine = EngineLookup.cuda(context, RESIDENT);
                DemoTrunk fresh = open(engine, context)) {
            same(context, ARENA, "the larger clip", grown, fresh.run(FEW, larger, CancellationToken.NONE));
        }
        same(context, ARENA, "the smaller clip again", trunk.run(passes(context)), expected);
    }

    private static void interrupt(CheckContext context, DemoTrunk trunk, List<Tensor> expected) {
        boolean interrupted = false;
        try {
            Questions all = new Questions(Integer.MAX_VALUE);
            trunk.run(passes(context), side(context), all);
            trunk.run(passes(context), side(context), new Questions(all.count() * 3 / 4));
        } catch (CancellationException e) {
            interrupted = true;
        }
        if (!interrupted) {
            context.log().failed(INTERRUPT, "", "the run was not interrupted");
            return;
        }
        same(context, INTERRUPT, "after an interrupt", trunk.run(passes(context)), expected);
    }

    private static void graphs(CheckContext context, List<Tensor> expected) {
        double[] millis = new double[2];
        String[] settings = {"graphs=true", "graphs=false"};
        for (int i = 0; i < settings.length; i++) {
            try (Engine engine = EngineLookup.cuda(context, RESIDENT + " " + settings[i]);
                    DemoTrunk trunk = open(engine, context)) {
                // The first run plans, the second records, the third is a launch of what was recorded.
                trunk.run(passes(context));
                trunk.run(passes(context));
                same(context, GRAPHS, settings[i], trunk.run(passes(context)), expected);
                millis[i] = context.small() ? 0 : millis(context, trunk);
            }
        }
        if (!context.small()) {
            Measurement found = new Measurement(
                    String.format(Locale.ROOT, "%.2f ms a pass", millis[0]),
                    String.format(Locale.ROOT, "%.2f ms a pass launch by launch", millis[1]));
            context.log().judge(GRAPHS, "times", millis[0] <= NOISE * millis[1], found, "no more time");
        }
    }

    private static double millis(CheckContext context, DemoTrunk trunk) {
        double[] times = new double[REPETITIONS];
        for (int i = 0; i < times.length; i++) {
            long start = System.nanoTime();
            trunk.run(passes(context));
            times[i] = (System.nanoTime() - start) / 1e6 / passes(context).size();
        }
        Arrays.sort(times);
        return times[times.length / 2];
    }

    private static void same(
            CheckContext context, Claim claim, String subject, List<Tensor> actual, List<Tensor> expected) {
        Differences differences = new Differences(0, 0);
        for (int i = 0; i < expected.size(); i++) {
            differences = differences.and(
                    Differences.of(actual.get(i).toFloatArray(), expected.get(i).toFloatArray()));
        }
        context.log().judge(claim, subject, differences.none(), differences.measurement(), "no difference");
    }

    /// Asks to stop when it was asked so many times: between kernels of a run.
    private static final class Questions implements CancellationToken {

        private final AtomicInteger questions = new AtomicInteger();
        private final int last;

        Questions(int last) {
            this.last = last;
        }

        int count() {
            return questions.get();
        }

        @Override
        public boolean cancelled() {
            return questions.incrementAndGet() > last;
        }

        @Override
        public Registration onCancel(Runnable hook) {
            return () -> {};
        }
    }
}
