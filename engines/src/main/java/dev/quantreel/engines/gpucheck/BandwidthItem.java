package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.Elementwise;
import dev.quantreel.engines.runtime.cuda.kernel.ElementwiseOp;
import dev.quantreel.engines.runtime.cuda.kernel.Rearrange;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How fast the kernels are that do little but read and write, beside a copy within the device.
public final class BandwidthItem implements GpuCheckItem {

    private static final Claim NORMS = new Claim(
            "norms", "Norms with modulation and with rotary positions reach 80 % of the bandwidth of a device copy");
    private static final Claim ELEMENTWISE = new Claim(
            "elementwise", "Gated residuals, modulation and GELU reach 80 % of the bandwidth of a device copy");
    private static final Claim COPIES =
            new Claim("copies", "Heads split off by a transposition reach 80 % of the bandwidth of a device copy");

    private static final double WANTED = 0.8;
    private static final int WIDTH = 1536;
    private static final int HEAD = 128;
    private static final int SMALL_WIDTH = 256;
    private static final List<DType> TYPES = List.of(DType.F32, DType.BF16);

    @Override
    public String id() {
        return "bandwidth";
    }

    @Override
    public int order() {
        return 35;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(40);
    }

    @Override
    public List<Claim> claims() {
        return List.of(NORMS, ELEMENTWISE, COPIES);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note("tokens of " + WIDTH + " channels, " + TYPES);
    }

    @Override
    public void measure(CheckContext context) {
        try (GpuSession gpu = GpuSession.open(context)) {
            int width = context.small() ? SMALL_WIDTH : WIDTH;
            for (DType dtype : TYPES) {
                Tokens tokens = new Tokens(gpu, dtype, gpu.tokens(), width);
                double copy = copyRate(tokens);
                Rates rates = new Rates(context, tokens, copy);
                norms(rates);
                elementwise(rates);
                copies(rates);
                gpu.free();
            }
        }
    }

    /// Rows of one type on the device.
    private record Tokens(GpuSession gpu, DType dtype, int rows, int width) {

        long bytes() {
            return dtype.byteSize((long) rows * width);
        }

        /// Small random numbers.
        DeviceArray values() {
            long elements = (long) rows * width;
            // As F32 pairs of them are numbers, too.
            DeviceSpan span = gpu.gaussianBf16(bytes() / 2);
            return new DeviceArray(span, dtype, Shape.of(rows, width)).reshaped(elements / width, width);
        }

        DeviceArray result() {
            return new DeviceArray(gpu.empty(bytes()), dtype, Shape.of(rows, width));
        }

        DeviceArray vector(int elements) {
            return new DeviceArray(gpu.gaussianBf16(2L * elements), DType.F32, Shape.of(elements));
        }
    }

    /// Bytes read and written by a copy, in GB/s.
    private static double copyRate(Tokens tokens) {
        DeviceSpan source = tokens.values().span();
        DeviceSpan target = tokens.result().span();
        double millis = tokens.gpu.medianMillis(() -> tokens.gpu.stream().copy(target, source));
        return 2 * tokens.bytes() / millis / 1e6;
    }

    private record Rates(CheckContext context, Tokens tokens, double copy) {

        /// @param arrays as large as the tokens that are read and written
        void judge(Claim claim, String what, int arrays, Runnable launch) {
            double millis = tokens.gpu.medianMillis(launch);
            double rate = arrays * tokens.bytes() / millis / 1e6;
            Measurement found = new Measurement(
                    String.format(Locale.ROOT, "%.3f ms, %.0f GB/s, %.0f %%", millis, rate, 100 * rate / copy),
                    String.format(Locale.ROOT, "copy %.0f GB/s", copy));
            String subject = what + ", " + tokens.dtype + ", width " + tokens.width;
            context.log().judge(claim, subject, context.small() || rate >= WANTED * copy, found, "80 %");
        }
    }

    private static void norms(Rates rates) {
        Tokens tokens = rates.tokens;
        RowNorm norm = new RowNorm(tokens.gpu.kernels());
        DeviceArray x = tokens.values();
        DeviceArray y = tokens.result();
        RowNorm.Norm layer = RowNorm.Norm.plain(RowNorm.Kind.Layer, 1e-6f);
        RowNorm.Modulation modulation = new RowNorm.Modulation(
                Optional.of(tokens.vector(tokens.width)), Optional.of(tokens.vector(tokens.width)), tokens.rows);
        rates.judge(NORMS, "LayerNorm, modulated", 2, () -> norm.launch(tokens.gpu.stream(), layer, modulation, x, y));
        RowNorm.Norm rms =
                new RowNorm.Norm(RowNorm.Kind.Rms, 1e-6f, Optional.of(tokens.vector(tokens.width)), Optional.empty());
        DeviceArray angles = new DeviceArray(
                tokens.gpu.gaussianBf16((long) tokens.rows * HEAD), DType.F32, Shape.of(tokens.rows, HEAD / 2));
        RowNorm.Rope rope = new RowNorm.Rope(angles, angles, 0, true, false);
        RowNorm.Rows rows = RowNorm.Rows.of(x, tokens.width / HEAD, false);
        rates.judge(
                NORMS,
                "RMSNorm, rotated",
                2,
                () -> norm.launch(tokens.gpu.stream(), Optional.of(rms), Optional.of(rope), rows, y));
    }

    private static void elementwise(Rates rates) {
        Tokens tokens = rates.tokens;
        Elementwise kernel = new Elementwise(tokens.gpu.kernels());
        DeviceArray x = tokens.values();
        DeviceArray change = tokens.values();
        DeviceArray y = tokens.result();
        DeviceArray gate = tokens.vector(tokens.width);
        rates.judge(
                ELEMENTWISE,
                "gated residual",
                3,
                () -> kernel.launch(tokens.gpu.stream(), ElementwiseOp.MulAdd, y, x, change, gate));
        rates.judge(
                ELEMENTWISE,
                "modulation",
                2,
                () -> kernel.launch(tokens.gpu.stream(), ElementwiseOp.Modulate, y, x, gate, gate));
        rates.judge(ELEMENTWISE, "GELU", 2, () -> kernel.launch(tokens.gpu.stream(), ElementwiseOp.GeluTanh, y, x));
    }

    private static void copies(Rates rates) {
        Tokens tokens = rates.tokens;
        int heads = tokens.width / HEAD;
        Rearrange kernel = new Rearrange(tokens.gpu.kernels());
        DeviceArray x = tokens.values().reshaped(tokens.rows, heads, HEAD);
        DeviceArray y = tokens.result().reshaped(heads, tokens.rows, HEAD);
        rates.judge(COPIES, "heads", 2, () -> kernel.transpose(tokens.gpu.stream(), x, y, 1, 0, 2));
    }
}
