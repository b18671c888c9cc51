package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.GemmShapes.Shape;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// How long products of 8-bit tokens with 4-bit weights take, beside cuBLAS in bf16 and in 8-bit integers.
public final class GemmItem implements GpuCheckItem {

    private static final Claim TIMES =
            new Claim("times", "Products s8 x s4 of the linears of Wan 1.3B, 14B and HunyuanVideo at 32,760 tokens");
    private static final Claim GOAL = new Claim(
            "goal", "Products s8 x s4 are at least 1.6 times as fast as cuBLAS in bf16 at 32,760 tokens (H100)");
    private static final double WANTED = 1.6;
    private static final Duration TORCH_LIMIT = Duration.ofSeconds(60);

    @Override
    public String id() {
        return "gemm";
    }

    @Override
    public int order() {
        return 20;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(100);
    }

    @Override
    public List<Claim> claims() {
        return List.of(TIMES, GOAL);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note(GemmShapes.all(context.small()).size() + " shapes");
    }

    @Override
    public void measure(CheckContext context) {
        List<Shape> shapes = GemmShapes.all(context.small());
        int tokens = GemmShapes.tokens(context.small());
        double[] ours = new double[shapes.size()];
        try (GpuSession gpu = GpuSession.open(context)) {
            LowBitGemm gemm = new LowBitGemm(gpu.kernels());
            for (int i = 0; i < ours.length; i++) {
                ours[i] = GemmShapes.millis(gpu, gemm, shapes.get(i), tokens, 8);
                context.log().note(shapes.get(i) + ": " + ours[i] + " ms");
            }
        }
        Map<String, Double> torch = torch(context, shapes, tokens);
        for (int i = 0; i < ours.length; i++) {
            Shape shape = shapes.get(i);
            String key = shape.columns() + "." + shape.outputs();
            row(context, shape, ours[i], new Baseline(torch.get("bf16." + key), torch.get("int8." + key)));
        }
    }

    private record Baseline(
            @org.jspecify.annotations.Nullable Double bf16,
            @org.jspecify.annotations.Nullable Double int8) {}

    private static void row(CheckContext context, Shape shape, double millis, Baseline torch) {
        String subject = "K " + shape.columns() + ", N " + shape.outputs();
        String measured = String.format(
                Locale.ROOT,
                "%.3f ms, %.0f TOP/s",
                millis,
                shape.operations(GemmShapes.tokens(context.small())) / millis / 1e9);
        Double bf16 = torch.bf16();
        String beside = (bf16 == null ? "" : String.format(Locale.ROOT, "bf16 %.3f ms", bf16))
                + (torch.int8() == null ? "" : String.format(Locale.ROOT, ", int8 %.3f ms", torch.int8()));
        context.log().ok(TIMES, subject, measured, beside);
        if (bf16 == null) {
            context.log().skipped(GOAL, subject, "no baseline");
        } else {
            context.log()
                    .judge(
                            GOAL,
                            subject,
                            bf16 / millis >= WANTED,
                            new Measurement(String.format(Locale.ROOT, "%.2f x bf16", bf16 / millis), ""),
                            "at least " + WANTED + " x");
        }
    }

    private static Map<String, Double> torch(CheckContext context, List<Shape> shapes, int tokens) {
        if (context.torch().isEmpty()) {
            return Map.of();
        }
        try {
            return context.torch().get().measure(TORCH_LIMIT, GemmShapes.baseline(shapes, tokens));
        } catch (IOException e) {
            context.log().note("no baseline: " + e.getMessage());
            return Map.of();
        }
    }
}
