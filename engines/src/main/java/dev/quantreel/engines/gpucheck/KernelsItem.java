package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Kernels on the device against their Java twins, on random data.
public final class KernelsItem implements GpuCheckItem {

    private static final Claim GEMM =
            new Claim("gemm", "Low-bit products equal their Java twin in every bit, sums and scaled outputs");

    private static final Claim ROTATE = new Claim(
            "rotate",
            "Rotating and quantizing equals its Java twin in every bit: codes, scales and sums, 8 and 4 bits");

    @Override
    public String id() {
        return "kernels";
    }

    @Override
    public int order() {
        return 10;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(60);
    }

    @Override
    public List<Claim> claims() {
        return List.of(ROTATE, GEMM);
    }

    @Override
    public void prepare(CheckContext context) throws IOException {
        if (KernelInventory.units().isEmpty()) {
            throw new IOException("this build holds no kernels");
        }
        context.log().note(KernelInventory.describe());
    }

    @Override
    public void measure(CheckContext context) {
        try (GpuSession gpu = GpuSession.open(context)) {
            for (RotateTwinCheck check : RotateTwinCheck.all(context.small())) {
                Differences found = check.run(gpu);
                String subject = check.tokens() + " x " + check.width() + ", " + check.bits() + " bits";
                context.log().judge(ROTATE, subject, found.none(), found.measurement(), "none");
                gpu.free();
            }
            gemm(context, gpu);
        }
    }

    private static void gemm(CheckContext context, GpuSession gpu) {
        ComputeCapability chip = gpu.cuda().device().capability();
        for (LowBitGemm.Route route : LowBitGemm.Route.values()) {
            if (route == LowBitGemm.Route.WARPGROUPS && chip.number() != 90) {
                continue;
            }
            for (GemmTwinCheck.Way way : GemmTwinCheck.Way.values()) {
                if (way.tokenBits() == 4 && !LowBitGemm.multiplies4Bits(chip)) {
                    continue;
                }
                for (GemmTwinCheck.Size size : GemmTwinCheck.sizes(context.small())) {
                    Differences found = new GemmTwinCheck(size, way).run(gpu, new LowBitGemm(gpu.kernels(), route));
                    String subject = way + " " + size.tokens() + " x " + size.columns() + " x " + size.outputs();
                    context.log().judge(GEMM, subject + ", " + route, found.none(), found.measurement(), "none");
                    gpu.free();
                }
            }
        }
    }
}
