package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.evaluation.BlockBenchmark;
import dev.quantreel.engines.evaluation.BlockBenchmark.Line;
import dev.quantreel.engines.evaluation.BlockBenchmark.Work;
import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A block of Wan 1.3B and one of 14B at 32,760 tokens, beside PyTorch in bf16 and what can be gained at most.
public final class BlockItem implements GpuCheckItem {

    private static final Claim SMALL =
            new Claim("wan-1.3b", "A block of Wan 1.3B at W4A8 and W4A4, 32,760 tokens, beside bf16 and the bound");
    private static final Claim LARGE =
            new Claim("wan-14b", "A block of Wan 14B at W4A8 and W4A4, 32,760 tokens, beside bf16 and the bound");

    private static final LatentSize SIZE = new LatentSize(21, 60, 104);
    private static final int BLOCKS = 3;
    private static final int REPETITIONS = 2;
    private static final Duration TORCH_LIMIT = Duration.ofSeconds(40);

    /// A model whose blocks are measured.
    record Model(Claim claim, BlockBenchmark.Model sizes, int width, int heads, int mlp) {

        Roofline roofline() {
            return new Roofline(tokens(), width, mlp);
        }
    }

    static final Model WAN_1_3B = new Model(SMALL, BlockBenchmark.Model.WAN_1_3B, 1536, 12, 8960);

    private static final List<Model> MODELS =
            List.of(WAN_1_3B, new Model(LARGE, BlockBenchmark.Model.WAN_14B, 5120, 40, 13_824));

    private static int tokens() {
        return SIZE.frames() * SIZE.height() * SIZE.width() / 4;
    }

    @Override
    public String id() {
        return "block";
    }

    @Override
    public int order() {
        return 60;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(150);
    }

    @Override
    public List<Claim> claims() {
        return List.of(SMALL, LARGE);
    }

    @Override
    public void prepare(CheckContext context) {
        for (Model model : MODELS) {
            context.log()
                    .note(String.format(
                            Locale.ROOT,
                            "%s: attention is %.0f %% of a block's operations; linears twice as fast give %.2f x",
                            model.sizes(),
                            100 * model.roofline().attention(),
                            model.roofline().bound(2)));
        }
    }

    @Override
    public void measure(CheckContext context) {
        if (context.small()) {
            claims().forEach(claim -> context.log().skipped(claim, "", "real widths are not for a simulator"));
            return;
        }
        MODELS.forEach(model -> context.log().attempt(model.claim(), () -> measure(context, model)));
    }

    private static void measure(CheckContext context, Model model) {
        Optional<Baseline> bf16 = torch(context, model);
        try (CudaContext cuda = CudaDriver.open(context.driver()).device(0).open();
                CudaEngine engine = EngineLookup.cuda(context, "")) {
            int chip = cuda.device().capability().number();
            Work work = new Work(model.sizes(), SIZE, BLOCKS, List.of(8, 4), REPETITIONS);
            for (Line line : new BlockBenchmark(engine, engine::heldBytes, CancellationToken.NONE).run(work)) {
                double bound = model.roofline().bound(Roofline.integersOverBf16(chip, line.bits()));
                String gain = bf16.map(
                                own -> String.format(Locale.ROOT, ", %.2f x bf16", own.millis() / line.blockMillis()))
                        .orElse("");
                Measurement found = new Measurement(
                        String.format(
                                Locale.ROOT,
                                "%.1f ms%s, %.2f GB held by %d blocks",
                                line.blockMillis(),
                                gain,
                                line.heldBytes() / 1e9,
                                BLOCKS),
                        bf16.map(own -> String.format(
                                                Locale.ROOT,
                                                "bf16 %.1f ms, %.2f GB of tensors for one block; ",
                                                own.millis(),
                                                own.peakBytes() / 1e9))
                                        .orElse("no PyTorch; ")
                                + String.format(Locale.ROOT, "bound %.2f x if linears alone are faster", bound));
                context.log().judge(model.claim(), "W4A" + line.bits(), line.isFinite(), found, "finite values");
            }
        }
    }

    /// PyTorch's block in bf16.
    ///
    /// @param peakBytes most that its tensors took at a time, weights included
    record Baseline(double millis, double peakBytes) {}

    /// What PyTorch needs, where it is here.
    static Optional<Baseline> torch(CheckContext context, Model model) {
        if (context.torch().isEmpty()) {
            return Optional.empty();
        }
        List<String> words = List.of(
                "block",
                Integer.toString(tokens()),
                Integer.toString(model.width()),
                Integer.toString(model.heads()),
                Integer.toString(model.mlp()));
        try {
            Map<String, Double> found = context.torch().get().measure(TORCH_LIMIT, words);
            return Optional.ofNullable(found.get("block"))
                    .map(millis -> new Baseline(millis, found.getOrDefault("peak", Double.NaN)));
        } catch (IOException e) {
            context.log().note("no baseline for " + model.sizes() + ": " + e.getMessage());
            return Optional.empty();
        }
    }
}
