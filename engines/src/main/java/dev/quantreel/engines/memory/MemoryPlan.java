package dev.quantreel.engines.memory;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a run will need of memory, computed from shapes before anything is read or run: phases that follow each other,
/// each of which gives back what it took before the next begins. The peak of the run is that of its largest phase.
///
/// Describes the ONNX Runtime engine, which reads large weights where they lie (docs/adr/0014): quantized ones from
/// packed codes, others from the mapped file, unpacking one matrix at a time. Attention works on blocks of queries, so
/// nothing grows with the square of the tokens. Constants are those of [EngineCosts].
///
/// @param phases in the order of the run
public record MemoryPlan(List<Phase> phases) {

    /// Items below this are left out of descriptions.
    static final long SHOWN_BYTES = 5_000_000;

    /// @param name for people
    public record Item(String name, long bytes) {}

    /// What is resident together.
    ///
    /// @param name for people: `text encoder`, `sampling`, `decoding`
    /// @param items what takes memory at the same time
    public record Phase(String name, List<Item> items) {
        public Phase {
            items = List.copyOf(items);
        }

        /// All items together.
        public long totalBytes() {
            return items.stream().mapToLong(Item::bytes).sum();
        }

        /// Bytes of the items of this name.
        public long bytes(String item) {
            return items.stream()
                    .filter(candidate -> candidate.name().equals(item))
                    .mapToLong(Item::bytes)
                    .sum();
        }

        /// `activations 4.10, quantized weights 0.80, ...`, largest first, in GB; what takes nothing left out.
        public String parts() {
            return items.stream()
                    .filter(item -> item.bytes() >= SHOWN_BYTES)
                    .sorted(Comparator.comparingLong(Item::bytes).reversed())
                    .map(item -> item.name() + " " + gigabytes(item.bytes()))
                    .collect(Collectors.joining(", "));
        }
    }

    /// What is generated.
    ///
    /// @param size of the latent
    /// @param branches 2 with classifier-free guidance, else 1
    /// @param atOnce how many of them run in one pass, 1 or all
    /// @param steps for whose times modulation is computed beforehand
    public record Workload(LatentSize size, int branches, int atOnce, int steps) {

        private static final int USUAL_STEPS = 50;

        /// The branches run one after the other, for the usual number of steps.
        public Workload(LatentSize size, int branches) {
            this(size, branches, 1, USUAL_STEPS);
        }

        /// The same of another size.
        public Workload with(LatentSize other) {
            return new Workload(other, branches, atOnce, steps);
        }

        /// The same for another number of steps.
        public Workload withSteps(int other) {
            return new Workload(size, branches, atOnce, other);
        }

        /// The same with one branch after the other.
        public Workload serial() {
            return new Workload(size, branches, 1, steps);
        }

        /// The same with all branches in one pass.
        public Workload batched() {
            return new Workload(size, branches, branches, steps);
        }
    }

    public MemoryPlan {
        phases = List.copyOf(phases);
        if (phases.isEmpty()) {
            throw new IllegalArgumentException("a memory plan has at least one phase");
        }
    }

    /// Plans the sampling of one model.
    ///
    /// @param weights under canonical names; asked for shapes and types only
    /// @param plan empty for full precision
    public static MemoryPlan of(
            TransformerArchitecture architecture, Checkpoint weights, Optional<QuantizationPlan> plan, Workload work) {
        return SamplingMemory.of(new SamplingMemory.Model("sampling", architecture, weights, plan))
                .together(work);
    }

    /// Tokens of a picture, the prompt's not counted.
    public static long tokens(TransformerFacts facts, LatentSize size) {
        TransformerFacts.Patch patch = facts.latent().patch();
        return (long) Math.ceilDiv(size.frames(), patch.frames())
                * Math.ceilDiv(size.height(), patch.height())
                * Math.ceilDiv(size.width(), patch.width());
    }

    /// The phase that needs most.
    public Phase peak() {
        return phases.stream().max(Comparator.comparingLong(Phase::totalBytes)).orElseThrow();
    }

    /// What the largest phase needs.
    public long totalBytes() {
        return peak().totalBytes();
    }

    /// Whether every phase fits.
    public boolean fits(MachineMemory memory) {
        return totalBytes() <= memory.budgetBytes();
    }

    /// `6.90 GB: activations 4.10, quantized weights 0.80, ...` of the largest phase; its name where there are others.
    public String describe() {
        String name = phases.size() == 1 ? "" : " (" + peak().name() + ")";
        return gigabytes(totalBytes()) + " GB" + name + ": " + peak().parts();
    }

    /// One line per phase: name, GB, what makes it up; the largest is marked.
    public String table() {
        int width =
                phases.stream().mapToInt(phase -> phase.name().length()).max().orElse(0);
        Phase peak = peak();
        return phases.stream()
                .map(phase -> String.format(
                        Locale.ROOT,
                        "%s %-" + width + "s %6s GB: %s",
                        phase.equals(peak) ? ">" : " ",
                        phase.name(),
                        gigabytes(phase.totalBytes()),
                        phase.parts()))
                .collect(Collectors.joining("\n"));
    }

    /// With two decimals.
    public static String gigabytes(long bytes) {
        return String.format(Locale.ROOT, "%.2f", bytes / 1e9);
    }
}
