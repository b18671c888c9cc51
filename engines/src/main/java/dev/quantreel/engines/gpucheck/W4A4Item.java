package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.gpucheck.GemmShapes.Shape;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// What tokens of 4 bits gain in speed, on chips that multiply them and on those that do not.
public final class W4A4Item implements GpuCheckItem {

    private static final Claim FASTER = new Claim(
            "faster",
            "W4A4 is faster than W4A8 where the chip multiplies 4 bits (8.0, 8.6, 8.9), and never slower elsewhere");
    private static final double NOISE = 1.05;

    @Override
    public String id() {
        return "w4a4";
    }

    @Override
    public int order() {
        return 45;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(40);
    }

    @Override
    public List<Claim> claims() {
        return List.of(FASTER);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log().note("codes of 4 bits are packed where the chip multiplies them, and lie in bytes elsewhere");
    }

    @Override
    public void measure(CheckContext context) {
        Shape shape = GemmShapes.all(context.small()).getLast();
        int tokens = GemmShapes.tokens(context.small());
        try (GpuSession gpu = GpuSession.open(context)) {
            boolean packed = LowBitGemm.multiplies4Bits(gpu.cuda().device().capability());
            LowBitGemm gemm = new LowBitGemm(gpu.kernels());
            double eight = GemmShapes.millis(gpu, gemm, shape, tokens, 8);
            double four = GemmShapes.millis(gpu, gemm, shape, tokens, packed ? 4 : 8);
            context.log()
                    .judge(
                            FASTER,
                            "K " + shape.columns() + ", N " + shape.outputs()
                                    + (packed ? ", s4 x s4" : ", s4 codes in bytes"),
                            context.small() || (packed ? four < eight : four <= eight * NOISE),
                            new Measurement(
                                    String.format(Locale.ROOT, "W4A4 %.3f ms", four),
                                    String.format(Locale.ROOT, "W4A8 %.3f ms", eight)),
                            packed ? "less than W4A8" : "no more than W4A8");
        }
    }
}
