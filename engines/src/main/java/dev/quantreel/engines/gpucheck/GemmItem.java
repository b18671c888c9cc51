package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.cuda.check.CublasProduct;
import dev.quantreel.engines.runtime.cuda.check.GemmBenchmark;
import dev.quantreel.engines.runtime.cuda.check.GemmBenchmark.Row;
import dev.quantreel.engines.runtime.cuda.check.GemmBenchmark.Shape;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How long low-bit products take, every kernel of the chip, beside cuBLAS in bf16 and in 8-bit integers.
public final class GemmItem implements GpuCheckItem {

    private static final Claim SUMS =
            new Claim("sums", "Sums of all low-bit products at real sizes are those of the host");
    private static final Claim TIMES =
            new Claim("times", "Low-bit products of the linears of Wan 1.3B, 14B and HunyuanVideo at 32,760 tokens");
    private static final Claim GOAL = new Claim(
            "goal", "Products s8 x s4 are at least 1.6 times as fast as cuBLAS in bf16 at 32,760 tokens (H100)");
    private static final Claim INT8 = new Claim("int8", "Products s8 x s8 are as fast as cuBLASLt's (torch._int_mm)");
    private static final Claim W4A4 = new Claim(
            "w4a4",
            "W4A4 is faster than W4A8 where the chip multiplies 4 bits (8.0, 8.6, 8.9), and takes its kernel elsewhere");
    private static final Claim NARROW =
            new Claim("narrow", "Products of 1 and of 32 tokens read 4-bit weights at the memory's speed");

    private static final double WANTED = 1.6;
    private static final double NOISE = 1.05;
    private static final int LAUNCHES = 10;
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
        return Duration.ofSeconds(120);
    }

    @Override
    public List<Claim> claims() {
        return List.of(SUMS, TIMES, GOAL, INT8, W4A4, NARROW);
    }

    private static List<Shape> shapes(boolean small) {
        return small ? List.of(new Shape(130, 64, 64)) : GemmBenchmark.SHAPES;
    }

    private static List<Shape> narrow(boolean small) {
        return small ? List.of(new Shape(1, 64, 64)) : List.of(new Shape(1, 5120, 13_824), new Shape(32, 5120, 13_824));
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note(shapes(false).size() + " shapes: " + shapes(false));
    }

    @Override
    public void measure(CheckContext context) {
        List<List<Row>> byShape = new ArrayList<>();
        try (GpuSession gpu = GpuSession.open(context)) {
            gpu.cuda().makeCurrent();
            Optional<CublasProduct> cublas = cublas(context);
            int launches = context.small() ? 1 : LAUNCHES;
            GemmBenchmark benchmark = new GemmBenchmark(gpu.kernels(), cublas, launches);
            for (Shape shape : shapes(context.small())) {
                List<Row> rows = benchmark.run(List.of(shape));
                rows.forEach(row -> exact(context, row));
                byShape.add(rows);
            }
            new GemmBenchmark(gpu.kernels(), launches)
                    .run(narrow(context.small()))
                    .forEach(row -> narrow(context, row));
            cublas.ifPresent(CublasProduct::close);
        }
        Map<String, Double> torch = torch(context);
        for (List<Row> rows : byShape) {
            String key = rows.getFirst().shape().columns() + "."
                    + rows.getFirst().shape().outputs();
            times(
                    context,
                    rows,
                    fastest(torch.get("bf16." + key), first(rows, "cublas bf16")),
                    fastest(torch.get("int8." + key), first(rows, "cublas s8")));
        }
    }

    /// The library that PyTorch multiplies by, called by ourselves.
    private static Optional<CublasProduct> cublas(CheckContext context) {
        if (context.small()) {
            return Optional.empty();
        }
        try {
            return CublasProduct.open(CublasProduct.LIBRARIES);
        } catch (IllegalStateException e) {
            context.log().note("cuBLAS is no baseline: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static @Nullable Double fastest(@Nullable Double torch, Optional<Row> cublas) {
        if (cublas.isEmpty()) {
            return torch;
        }
        double ours = cublas.get().millis();
        return torch == null ? ours : Math.min(ours, torch);
    }

    private static String subject(Row row) {
        return row.kernel() + ", K " + row.shape().columns() + ", N "
                + row.shape().outputs();
    }

    private static void exact(CheckContext context, Row row) {
        Measurement found = new Measurement(row.exact() ? "all that were compared" : "not all", "");
        context.log().judge(SUMS, subject(row), row.exact(), found, "equal sums");
    }

    private static void narrow(CheckContext context, Row row) {
        Shape shape = row.shape();
        int bits = row.kernel().contains("s8s8") ? 8 : 4;
        double rate = (double) shape.columns() * shape.outputs() * bits / Byte.SIZE / row.millis() / 1e6;
        context.log()
                .ok(
                        NARROW,
                        subject(row) + ", " + shape.tokens() + " tokens",
                        String.format(Locale.ROOT, "%.4f ms, %.0f GB/s of weights", row.millis(), rate),
                        "");
    }

    /// @param rows of one shape, the fastest way of the chip first
    private static void times(CheckContext context, List<Row> rows, @Nullable Double bf16, @Nullable Double int8) {
        String beside = (bf16 == null ? "" : String.format(Locale.ROOT, "bf16 %.3f ms ", bf16))
                + (int8 == null ? "" : String.format(Locale.ROOT, "int8 %.3f ms", int8));
        rows.forEach(row -> context.log()
                .ok(
                        TIMES,
                        subject(row),
                        String.format(Locale.ROOT, "%.3f ms, %.0f TOP/s", row.millis(), row.tops()),
                        beside));
        Row eight = first(rows, "s8s4").orElseThrow();
        ratio(context, GOAL, eight, bf16, WANTED);
        first(rows, "s8s8").ifPresent(row -> ratio(context, INT8, row, int8, 1 / NOISE));
        Optional<Row> four = first(rows, "s4s4");
        Row taken = four.orElse(eight);
        context.log()
                .judge(
                        W4A4,
                        subject(taken),
                        context.small() || four.isEmpty() || taken.millis() < eight.millis(),
                        new Measurement(
                                String.format(Locale.ROOT, "W4A4 %.3f ms", taken.millis()),
                                String.format(Locale.ROOT, "W4A8 %.3f ms", eight.millis())),
                        "less than W4A8");
    }

    private static Optional<Row> first(List<Row> rows, String ending) {
        return rows.stream().filter(row -> row.kernel().endsWith(ending)).findFirst();
    }

    private static void ratio(CheckContext context, Claim claim, Row row, @Nullable Double baseline, double wanted) {
        if (baseline == null) {
            context.log().skipped(claim, subject(row), "no baseline");
            return;
        }
        Measurement found = new Measurement(
                String.format(Locale.ROOT, "%.2f x", baseline / row.millis()),
                String.format(Locale.ROOT, "%.3f ms", baseline));
        String text = String.format(Locale.ROOT, "at least %.2f x", wanted);
        context.log().judge(claim, subject(row), baseline / row.millis() >= wanted, found, text);
    }

    private static Map<String, Double> torch(CheckContext context) {
        if (context.torch().isEmpty() || context.small()) {
            return Map.of();
        }
        List<Shape> shapes = shapes(false);
        List<String> words = new ArrayList<>(
                List.of("gemm", Integer.toString(shapes.getFirst().tokens())));
        for (Shape shape : shapes) {
            words.add(Integer.toString(shape.columns()));
            words.add(Integer.toString(shape.outputs()));
        }
        try {
            return context.torch().get().measure(TORCH_LIMIT, words);
        } catch (IOException e) {
            context.log().note("no baseline: " + e.getMessage());
            return Map.of();
        }
    }
}
