package dev.quantreel.engines.runtime.tensorrt;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What engines of a model would take and bring, told before any is built. Bytes follow from shapes; times are
/// bounds by
/// the vendor's peak rates and were not measured.
///
/// @param model name for people
/// @param dim width of a token
/// @param work of one run
/// @param kinds that would be built: for steps of many bits, then, where bits change, for steps of few
/// @param rates of the chip; empty when it is not in the table
/// @param chip that it is for, in words
public record EnginePlan(
        String model, int dim, TransformerWork work, List<EngineKind> kinds, Optional<ChipRates> rates, String chip) {

    private static final double GIGA = 1e9;

    public EnginePlan {
        kinds = List.copyOf(kinds);
        if (kinds.isEmpty()) {
            throw new IllegalArgumentException("a plan is for one kind of engine at least");
        }
    }

    /// Bytes of all engines' weights, which none shares with another.
    public long weightBytes() {
        return kinds.stream().mapToLong(work::weightBytes).sum();
    }

    /// Bytes on the GPU: all weights, and the activations of the one that runs.
    public long totalBytes() {
        return weightBytes() + work.activationBytes(dim);
    }

    /// The table with its reasons, for people.
    public String text() {
        List<String> lines = new ArrayList<>();
        lines.add("TensorRT plan of " + model + " for " + chip + ", " + work.tokens()
                + " tokens, one run (one branch of" + " guidance)");
        lines.add(row("engine", "weights GB", "least s", "bound"));
        for (EngineKind kind : EngineKind.values()) {
            if (kind == EngineKind.BF16 || kinds.contains(kind)) {
                lines.add(row(
                        kind.label(),
                        gigabytes(work.weightBytes(kind)),
                        possible(kind)
                                .map(r -> decimals(work.leastSeconds(kind, r)))
                                .orElse("-"),
                        possible(kind).map(r -> decimals(bound(kind, r)) + "x").orElse("-")));
            }
        }
        lines.add("activations " + gigabytes(work.activationBytes(dim))
                + " GB (estimate), shared by the engines; together "
                + gigabytes(totalBytes()) + " GB"
                + rates.map(r -> " of " + gigabytes(r.memoryBytes()) + " GB on the card")
                        .orElse(""));
        lines.addAll(reasons());
        return String.join("\n", lines);
    }

    private Optional<ChipRates> possible(EngineKind kind) {
        return rates.filter(r -> kind.obstacle(r.chip()).isEmpty());
    }

    private double bound(EngineKind kind, ChipRates known) {
        return work.bound(kind.peakTeraflops(known) / known.bf16Teraflops());
    }

    private List<String> reasons() {
        List<String> reasons = new ArrayList<>();
        reasons.add(String.format(
                Locale.ROOT,
                "least s: %.1f TFLOP in linears, %.1f in attention (%.0f %%), at the chip's published peak; bound: over"
                        + " BF16, 1/((1-a)/r + a) with a = %.2f; nothing here was measured",
                work.linearFlops() / 1e12,
                work.attentionFlops() / 1e12,
                100 * work.attentionShare(),
                work.attentionShare()));
        if (rates.isEmpty()) {
            reasons.add("the peak rates of this chip are not in the table, so no times are told");
        }
        for (EngineKind kind : kinds) {
            reasons.add(kind.label() + ": " + kind.explanation());
            rates.flatMap(r -> kind.obstacle(r.chip())).ifPresent(reasons::add);
        }
        reasons.add("falls back to BF16: attention, linears that the plan leaves alone; to FP32: norms, residuals,"
                + " modulation, scales of tokens");
        if (kinds.size() > 1) {
            reasons.add("steps of up to 4 bits run " + kinds.getLast().label() + ", the others "
                    + kinds.getFirst().label()
                    + "; engines share activations, not weights, and TensorRT has no product of 4-bit activations");
        }
        return reasons;
    }

    private static String row(String... cells) {
        return String.format(Locale.ROOT, "%-24s %12s %10s %8s", (Object[]) cells);
    }

    private static String gigabytes(long bytes) {
        return decimals(bytes / GIGA);
    }

    private static String decimals(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : "%.1f", value);
    }
}
