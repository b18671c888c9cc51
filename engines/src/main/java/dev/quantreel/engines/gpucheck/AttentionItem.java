package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionPrecision;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionProblem;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionRate;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.FlashAttention;
import dev.quantreel.engines.runtime.cuda.twin.AttentionTwin;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/// Attention with 8-bit scores, against its twin and beside PyTorch's flash attention.
public final class AttentionItem implements GpuCheckItem {

    private static final Claim TWIN = new Claim(
            "twin",
            "Attention equals its Java twin (relative distance of at most 2e-3), in every precision of the chip");
    private static final Claim TIMES = new Claim(
            "times", "Attention of Wan 1.3B and 14B at 32,760 tokens beside PyTorch's flash attention in bf16");
    private static final double TOLERANCE = 2e-3;
    private static final int REPETITIONS = 9;
    private static final Duration TORCH_LIMIT = Duration.ofSeconds(40);

    @Override
    public String id() {
        return "attention";
    }

    @Override
    public int order() {
        return 40;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(90);
    }

    @Override
    public List<Claim> claims() {
        return List.of(TWIN, TIMES);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note("precisions " + List.of(AttentionPrecision.values()));
    }

    @Override
    public void measure(CheckContext context) {
        try (GpuSession gpu = GpuSession.open(context)) {
            for (AttentionPrecision precision : AttentionPrecision.values()) {
                if (precision.runsOn(gpu.cuda().device().capability())) {
                    twin(context, gpu, precision);
                }
            }
            times(context, gpu, context.small() ? 1 : 12);
            if (!context.small()) {
                times(context, gpu, 40);
            }
        }
    }

    private static void twin(CheckContext context, GpuSession gpu, AttentionPrecision precision) {
        int tokens = context.small() ? 70 : 333;
        int heads = context.small() ? 1 : 3;
        AttentionProblem problem = problem(tokens, heads, context.small() ? 64 : 128);
        Random random = new Random(tokens);
        float[] q = gaussian(random, problem);
        float[] k = gaussian(random, problem);
        float[] v = gaussian(random, problem);
        float[] expected = AttentionTwin.of(
                        problem, precision, gpu.cuda().device().capability())
                .attend(q, k, v, new float[0]);
        DeviceSpan out = gpu.empty(4L * q.length);
        launch(gpu, precision, problem, List.of(gpu.of(q), gpu.of(k), gpu.of(v), out), DType.F32);
        double distance = distance(gpu.floats(out), expected);
        gpu.free();
        context.log()
                .judge(
                        TWIN,
                        precision + ", " + tokens + " tokens, " + heads + " heads",
                        distance <= TOLERANCE,
                        new Measurement(String.format(Locale.ROOT, "distance %.2e", distance), ""),
                        "at most " + TOLERANCE);
    }

    private static AttentionProblem problem(int tokens, int heads, int headDim) {
        return new AttentionProblem(1, tokens, tokens, heads, headDim, (float) (1 / Math.sqrt(headDim)));
    }

    private static float[] gaussian(Random random, AttentionProblem problem) {
        float[] values = new float[problem.queries() * problem.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(difference / norm);
    }

    /// @param spans of q, k, v and the output
    private static void launch(
            GpuSession gpu,
            AttentionPrecision precision,
            AttentionProblem problem,
            List<DeviceSpan> spans,
            DType type) {
        Shape shape = Shape.of(1, problem.queries(), problem.channels());
        List<DeviceArray> arrays =
                spans.stream().map(span -> new DeviceArray(span, type, shape)).toList();
        new FlashAttention(gpu.kernels())
                .launch(
                        gpu.stream(),
                        precision,
                        problem,
                        new FlashAttention.Operands(
                                arrays.get(0), arrays.get(1), arrays.get(2), Optional.empty(), arrays.get(3)),
                        gpu.empty(FlashAttention.workspaceBytes(problem, precision)));
    }

    private static void times(CheckContext context, GpuSession gpu, int heads) {
        AttentionProblem problem = problem(gpu.tokens(), heads, context.small() ? 64 : 128);
        Optional<Double> torch = torch(context, problem);
        for (AttentionPrecision precision : AttentionPrecision.values()) {
            if (precision.runsOn(gpu.cuda().device().capability())) {
                AttentionRate rate =
                        AttentionRate.measure(gpu.kernels(), precision, problem, context.small() ? 1 : REPETITIONS);
                double millis = rate.prepareMillis() + rate.attendMillis();
                context.log()
                        .ok(
                                TIMES,
                                heads + " heads of " + problem.headDim() + ", " + precision,
                                String.format(
                                                Locale.ROOT,
                                                "%.2f ms, of which packing %.2f, %.0f TOP/s",
                                                millis,
                                                rate.prepareMillis(),
                                                rate.teraflopsInAll())
                                        + torch.map(flash ->
                                                        String.format(Locale.ROOT, ", %.2f x flash", flash / millis))
                                                .orElse(""),
                                torch.map(flash -> String.format(Locale.ROOT, "flash attention in bf16 %.2f ms", flash))
                                        .orElse("no PyTorch"));
            }
        }
    }

    private static Optional<Double> torch(CheckContext context, AttentionProblem problem) {
        if (context.torch().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(context.torch()
                    .get()
                    .measure(
                            TORCH_LIMIT,
                            List.of(
                                    "attention",
                                    Integer.toString(problem.queries()),
                                    Integer.toString(problem.heads()),
                                    Integer.toString(problem.headDim())))
                    .get("flash"));
        } catch (IOException e) {
            context.log().note("no baseline: " + e.getMessage());
            return Optional.empty();
        }
    }
}
