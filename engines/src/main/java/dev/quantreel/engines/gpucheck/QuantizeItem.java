package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.CodeFormat;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceRotation;
import dev.quantreel.engines.runtime.cuda.kernel.RotateQuantize;
import dev.quantreel.engines.runtime.cuda.kernel.RowProducer;
import dev.quantreel.engines.tensor.DType;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How fast tokens are rotated and quantized, beside a copy within the device.
public final class QuantizeItem implements GpuCheckItem {

    private static final String GELU = ", GELU before";
    private static final String NORM = ", LayerNorm and modulation before";
    private static final List<String> PRODUCERS = List.of("", GELU, NORM);
    private static final float EPSILON = 1e-6f;
    private static final Claim BANDWIDTH = new Claim(
            "bandwidth",
            "Rotating and quantizing bf16 tokens reaches 80 % of the bandwidth of a copy within the device");
    private static final double WANTED = 0.8;
    private static final long COPIED_BYTES = 1L << 30;
    private static final long SMALL_BYTES = 1L << 16;
    private static final int ROTATED = 128;

    @Override
    public String id() {
        return "quantize";
    }

    @Override
    public int order() {
        return 30;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(40);
    }

    @Override
    public List<Claim> claims() {
        return List.of(BANDWIDTH);
    }

    private static List<Integer> widths(boolean small) {
        return small ? List.of(ROTATED) : List.of(1536, 8960, 5120, 13_824, 3072, 15_360);
    }

    @Override
    public void prepare(CheckContext context) {
        widths(false).forEach(width -> Rotation.of(width, ROTATED, 1));
        context.log().note("rotations in blocks of " + ROTATED + " channels for widths " + widths(false));
    }

    @Override
    public void measure(CheckContext context) {
        try (GpuSession gpu = GpuSession.open(context)) {
            double copy = copyRate(gpu, context.small() ? SMALL_BYTES : COPIED_BYTES);
            context.log().note(String.format(Locale.ROOT, "a copy within the device: %.0f GB/s", copy));
            for (int width : widths(context.small())) {
                for (int bits : new int[] {8, 4}) {
                    for (String producer : PRODUCERS) {
                        row(context, gpu, new Case(width, bits, producer, copy));
                    }
                }
            }
        }
    }

    private record Case(int width, int bits, String producer, double copy) {

        /// What comes before the rotation, within the same pass.
        RowProducer rows(GpuSession gpu) {
            return switch (producer) {
                case GELU -> new RowProducer.Gelu();
                case NORM ->
                    RowProducer.Norm.modulated(
                            gpu.of(new float[width]), gpu.of(new float[width]), EPSILON, gpu.tokens());
                default -> new RowProducer.None();
            };
        }
    }

    /// Bytes read and written, in GB/s.
    private static double copyRate(GpuSession gpu, long bytes) {
        DeviceSpan source = gpu.noise(bytes);
        DeviceSpan target = gpu.empty(bytes);
        double millis = gpu.medianMillis(() -> gpu.stream().copy(target, source));
        gpu.free();
        return 2 * bytes / millis / 1e6;
    }

    private static void row(CheckContext context, GpuSession gpu, Case measured) {
        int tokens = gpu.tokens();
        int width = measured.width;
        CodeFormat format = CodeFormat.of(new ActivationQuantizer.Token(ClipRatios.NONE), width, measured.bits);
        RotateQuantize kernel = new RotateQuantize(gpu.kernels());
        long elements = (long) tokens * width;
        long moved = 2 * elements + (long) tokens * (format.rowBytes(width) + 2 * Float.BYTES);
        try (DeviceRotation rotation = DeviceRotation.upload(gpu.stream(), Rotation.of(width, ROTATED, 1))) {
            RotateQuantize.Rows rows = new RotateQuantize.Rows(gpu.gaussianBf16(elements), DType.BF16, tokens, width);
            RotateQuantize.Output output = new RotateQuantize.Output(
                    gpu.empty((long) tokens * format.rowBytes(width)),
                    gpu.empty((long) tokens * Float.BYTES),
                    Optional.of(gpu.empty((long) tokens * Integer.BYTES)));
            RotateQuantize.Step step = new RotateQuantize.Step(format, output);
            RowProducer producer = measured.rows(gpu);
            double millis =
                    gpu.medianMillis(() -> kernel.launch(gpu.stream(), rows, producer, Optional.of(rotation), step));
            double rate = moved / millis / 1e6;
            context.log()
                    .judge(
                            BANDWIDTH,
                            "width " + width + ", " + measured.bits + " bits" + measured.producer,
                            context.small() || rate >= WANTED * measured.copy,
                            new Measurement(
                                    String.format(
                                            Locale.ROOT,
                                            "%.3f ms, %.0f GB/s, %.0f %%",
                                            millis,
                                            rate,
                                            100 * rate / measured.copy),
                                    String.format(Locale.ROOT, "copy %.0f GB/s", measured.copy)),
                            "80 %");
        } finally {
            gpu.free();
        }
    }
}
