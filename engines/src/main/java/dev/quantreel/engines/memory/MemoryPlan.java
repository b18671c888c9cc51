package dev.quantreel.engines.memory;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What a generation will need of memory, computed from shapes before anything is read or run.
///
/// Describes the ONNX Runtime engine, which reads large weights where they lie (docs/adr/0014): quantized ones from
/// packed codes, others from the mapped file, unpacking one matrix at a time. Attention works on blocks of
/// queries, so
/// nothing grows with the square of the tokens. Constants are calibrated on Wan 2.1 1.3B (docs/benchmarks.md).
///
/// @param items what takes memory at the same time, largest first where it matters
public record MemoryPlan(List<Item> items) {

    /// Weights from this size on are read where they lie; smaller ones are copied to F32.
    private static final long STREAMED_FROM = 1 << 20;

    /// Virtual machine, its heap, native libraries.
    private static final long PROCESS_BYTES = 600_000_000L;

    /// Sessions of the engine: some ten thousand nodes, and what its allocators keep.
    private static final long ENGINE_BYTES = 300_000_000L;

    /// F32 vectors of the width of a token that live at once in a block beside the feed-forward network.
    private static final double TOKEN_VECTORS = 8;

    /// F32 vectors of the widest linear that live at once, rotation and codes included.
    private static final double WIDE_VECTORS = 2.7;

    /// Unpacked copies of the widest matrix that live at once.
    private static final double UNPACKED_COPIES = 2;

    /// @param name for people
    public record Item(String name, long bytes) {}

    /// What is generated.
    ///
    /// @param size of the latent
    /// @param branches 2 with classifier-free guidance, else 1
    public record Workload(LatentSize size, int branches) {}

    public MemoryPlan {
        items = List.copyOf(items);
    }

    /// Plans a generation.
    ///
    /// @param weights under canonical names; asked for shapes and types only
    /// @param plan empty for full precision
    public static MemoryPlan of(
            TransformerArchitecture architecture, Checkpoint weights, Optional<QuantizationPlan> plan, Workload work) {
        Set<String> quantized = plan.<Set<String>>map(
                        p -> new HashSet<>(p.layers().select(architecture.blockLinears())))
                .orElse(Set.of());
        long codes = 0;
        long mapped = 0;
        long copied = 0;
        long widest = 0;
        for (var tensor : architecture.shapes().entrySet()) {
            String name = tensor.getKey();
            Shape shape = tensor.getValue();
            long elements = shape.elements();
            String layer = name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
            if (quantized.contains(layer)) {
                codes += codeBytes(shape, plan.orElseThrow().weightBits());
            } else if (shape.rank() == 2 && elements >= STREAMED_FROM && isReadInPlace(weights.dtype(name))) {
                mapped += weights.storedBytes(name);
                widest = Math.max(widest, elements);
            } else {
                copied += 4 * elements;
            }
        }
        return new MemoryPlan(List.of(
                new Item("quantized weights", codes),
                new Item("weights read from the file", mapped),
                new Item("small weights", copied),
                new Item("unpacked matrix", (long) (UNPACKED_COPIES * 4 * widest)),
                new Item("encoded prompts", promptBytes(architecture) * (work.branches() + 1)),
                new Item("activations", activationBytes(architecture, work.size())),
                new Item("engine", ENGINE_BYTES),
                new Item("program", PROCESS_BYTES)));
    }

    private static boolean isReadInPlace(DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    /// Codes of up to four bits lie two to a byte; steps, zero points.
    private static long codeBytes(Shape shape, int bits) {
        long rows = shape.dim(0);
        long columns = shape.elements() / rows;
        return (bits <= 4 ? Math.ceilDiv(rows, 2L) : rows) * columns + 9 * rows;
    }

    /// Keys and values of a prompt, kept per block where the family has a text graph of its own. The engine keeps the
    /// room of one more after it has made them.
    private static long promptBytes(TransformerArchitecture architecture) {
        TransformerFacts facts = architecture.facts();
        boolean crossAttention = architecture.shapes().keySet().stream()
                .anyMatch(name -> name.contains("cross_attn.k.") || name.contains("attn2.to_k."));
        long vectors = crossAttention ? 2L * facts.sizes().layers() : 2;
        return 4L * vectors * facts.text().length() * facts.sizes().dim();
    }

    private static long activationBytes(TransformerArchitecture architecture, LatentSize size) {
        TransformerFacts facts = architecture.facts();
        Set<String> linears = new HashSet<>(architecture.blockLinears());
        long width = architecture.shapes().entrySet().stream()
                .filter(tensor -> tensor.getKey().endsWith(".weight")
                        && !tensor.getKey().contains("mod")
                        && linears.contains(
                                tensor.getKey().substring(0, tensor.getKey().length() - ".weight".length())))
                .mapToLong(tensor -> tensor.getValue().dim(0))
                .max()
                .orElse(facts.sizes().dim());
        long tokens = tokens(facts, size);
        return (long) (4 * tokens * (TOKEN_VECTORS * facts.sizes().dim() + WIDE_VECTORS * width));
    }

    /// Tokens of a picture, the prompt's not counted.
    public static long tokens(TransformerFacts facts, LatentSize size) {
        TransformerFacts.Patch patch = facts.latent().patch();
        return (long) Math.ceilDiv(size.frames(), patch.frames())
                * Math.ceilDiv(size.height(), patch.height())
                * Math.ceilDiv(size.width(), patch.width());
    }

    /// All items together.
    public long totalBytes() {
        return items.stream().mapToLong(Item::bytes).sum();
    }

    /// Whether it fits.
    public boolean fits(MachineMemory memory) {
        return totalBytes() <= memory.budgetBytes();
    }

    /// `6.90 GB: activations 4.10, quantized weights 0.80, ...`, what takes nothing left out.
    public String describe() {
        return gigabytes(totalBytes()) + " GB: "
                + items.stream()
                        .filter(item -> item.bytes() >= 5_000_000)
                        .sorted((a, b) -> Long.compare(b.bytes(), a.bytes()))
                        .map(item -> item.name() + " " + gigabytes(item.bytes()))
                        .collect(Collectors.joining(", "));
    }

    /// With two decimals.
    public static String gigabytes(long bytes) {
        return String.format(Locale.ROOT, "%.2f", bytes / 1e9);
    }
}
