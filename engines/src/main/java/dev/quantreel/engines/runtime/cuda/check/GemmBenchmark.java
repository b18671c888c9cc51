package dev.quantreel.engines.runtime.cuda.check;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.kernel.GemmOutput;
import dev.quantreel.engines.runtime.cuda.kernel.GemmTokens;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm.Route;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Times the low-bit products on a GPU and compares some of their sums with the host's: what `gpu-check` prints
/// beside the framework's bf16 product. Runs on the host simulator as well, where times mean nothing.
public final class GemmBenchmark {

    /// The linears of Wan 1.3B, Wan 14B and HunyuanVideo at 32,760 tokens.
    public static final List<Shape> SHAPES = List.of(
            new Shape(32_760, 1_536, 1_536),
            new Shape(32_760, 1_536, 8_960),
            new Shape(32_760, 8_960, 1_536),
            new Shape(32_760, 5_120, 5_120),
            new Shape(32_760, 5_120, 13_824),
            new Shape(32_760, 13_824, 5_120),
            new Shape(32_760, 3_072, 21_504),
            new Shape(32_760, 15_360, 3_072));

    private final CudaContext context;
    private final KernelLibrary kernels;
    private final Optional<CublasProduct> baseline;
    private final int launches;

    /// Without a baseline.
    ///
    /// @param launches that are timed together, after as many that are not
    public GemmBenchmark(KernelLibrary kernels, int launches) {
        this(kernels, Optional.empty(), launches);
    }

    /// @param baseline measured first at each shape, in BF16 and in s8; not closed here
    /// @param launches that are timed together, after as many that are not
    public GemmBenchmark(KernelLibrary kernels, Optional<CublasProduct> baseline, int launches) {
        this.context = kernels.context();
        this.kernels = kernels;
        this.baseline = baseline;
        this.launches = launches;
    }

    /// A product `[tokens, columns] x [outputs, columns]ᵀ`.
    public record Shape(int tokens, int columns, int outputs) {

        /// Multiplications and additions.
        public double operations() {
            return 2.0 * tokens * columns * outputs;
        }
    }

    /// What was found of one kernel at one shape.
    ///
    /// @param kernel its name
    /// @param millis of one launch with BF16 output (cuBLAS on s8: with S32)
    /// @param exact whether what was compared with the host's sums was equal, or of BF16 factors near enough
    public record Row(Shape shape, String kernel, double millis, boolean exact) {

        /// Operations in units of 10^12 per second.
        public double tops() {
            return shape.operations() / millis * 1e-9;
        }
    }

    /// A kernel to be timed.
    private record Way(Route route, int tokenBits, int weightBits) {}

    private List<Way> ways() {
        ComputeCapability chip = context.device().capability();
        List<Way> ways = new ArrayList<>(List.of(new Way(Route.WARPGROUPS, 8, 4), new Way(Route.WARPGROUPS, 8, 8)));
        if (LowBitGemm.multiplies4Bits(chip)) {
            ways.add(new Way(Route.WARPGROUPS, 4, 4));
        }
        if (chip.number() == 90) {
            ways.add(new Way(Route.WARPS, 8, 4));
        }
        return ways;
    }

    /// Runs every kernel that this chip has at every shape, one after another.
    public List<Row> run(List<Shape> shapes) {
        List<Row> rows = new ArrayList<>();
        for (Shape shape : shapes) {
            baseline.ifPresent(cublas -> {
                rows.add(run(shape, cublas, DType.BF16));
                rows.add(run(shape, cublas, DType.I8));
            });
            for (Way way : ways()) {
                rows.add(run(shape, way));
            }
        }
        return rows;
    }

    private Row run(Shape shape, Way way) {
        LowBitGemm gemm = new LowBitGemm(kernels, way.route);
        PackedLayout layout = new PackedLayout(shape.outputs, shape.columns, way.weightBits);
        String kernel = gemm.choose(layout, way.tokenBits, shape.tokens, false).name();
        long tokenBytes = (long) shape.tokens * shape.columns * way.tokenBits / 8;
        try (CudaStream stream = context.newStream();
                DeviceMemory codes = stream.allocate(tokenBytes);
                DeviceMemory factors = stream.allocate(8L * shape.tokens);
                DeviceMemory weights = stream.allocate(PackedWeights.bytes(layout));
                DeviceMemory output = stream.allocate(4L * shape.tokens * shape.outputs)) {
            SampleData data = new SampleData(stream, shape);
            data.fillTokens(codes.span(), way.tokenBits);
            data.fillFactors(factors.span());
            data.fillWeights(weights.span(), layout);
            GemmTokens x = new GemmTokens(
                    codes.span(),
                    way.tokenBits,
                    shape.tokens,
                    factors.slice(0, 4L * shape.tokens),
                    factors.slice(4L * shape.tokens, 4L * shape.tokens),
                    shape.columns);
            PackedWeights w = PackedWeights.at(layout, weights.span(), true);
            gemm.launch(stream, x, w, GemmOutput.of(output.span(), DType.I32));
            boolean right = data.equalSums(output.span(), way.tokenBits, way.weightBits);
            GemmOutput y = GemmOutput.of(output.span(), DType.BF16);
            return new Row(shape, kernel, millis(stream, () -> gemm.launch(stream, x, w, y)), right);
        }
    }

    private Row run(Shape shape, CublasProduct cublas, DType type) {
        int bytes = type.bits() / 8;
        try (CudaStream stream = context.newStream();
                DeviceMemory x = stream.allocate((long) shape.tokens * shape.columns * bytes);
                DeviceMemory w = stream.allocate((long) shape.outputs * shape.columns * bytes);
                DeviceMemory y = stream.allocate(4L * shape.tokens * shape.outputs)) {
            SampleData data = new SampleData(stream, shape);
            CublasProduct.Factors factors = new CublasProduct.Factors(x.span(), w.span());
            data.fillFactors(factors, type);
            cublas.launch(stream, shape, type, factors, y.span());
            boolean right = type == DType.I8 ? data.equalSums(y.span(), 8, 8) : data.nearSums(y.span());
            double millis = millis(stream, () -> cublas.launch(stream, shape, type, factors, y.span()));
            return new Row(shape, "cublas " + (type == DType.I8 ? "s8" : "bf16"), millis, right);
        }
    }

    private double millis(CudaStream stream, Runnable launch) {
        try (CudaEvent start = context.newEvent();
                CudaEvent end = context.newEvent()) {
            for (int i = 0; i < launches; i++) {
                launch.run();
            }
            stream.record(start);
            for (int i = 0; i < launches; i++) {
                launch.run();
            }
            stream.record(end);
            end.synchronize();
            return end.millisSince(start) / launches;
        }
    }

    /// Rows as a table for people; speeds beside that of the shape's first row.
    public static String table(List<Row> rows) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "%-22s %-22s %10s %8s %6s  %s%n", "M x K -> N", "kernel", "ms", "TOP/s", "ratio", "sums"));
        Map<Shape, Double> first = new HashMap<>();
        for (Row row : rows) {
            Shape shape = row.shape;
            text.append(String.format(
                    Locale.ROOT,
                    "%-22s %-22s %10.4f %8.1f %6.2f  %s%n",
                    shape.tokens + " x " + shape.columns + " -> " + shape.outputs,
                    row.kernel,
                    row.millis,
                    row.tops(),
                    first.computeIfAbsent(shape, s -> row.millis) / row.millis,
                    row.exact ? "right" : "WRONG"));
        }
        return text.toString();
    }
}
