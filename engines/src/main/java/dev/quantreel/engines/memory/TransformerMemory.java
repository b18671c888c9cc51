package dev.quantreel.engines.memory;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.memory.MemoryPlan.Item;
import dev.quantreel.engines.memory.MemoryPlan.Workload;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What one transformer takes while it is open and at work.
///
/// @param model the transformer and its precision
record TransformerMemory(SamplingMemory.Model model) {

    private static final String WEIGHT = ".weight";

    /// F32 copies of a matrix that is rounded at every step: scaled, rotated or divided, rounded, transposed.
    private static final int ROUNDED_COPIES = 3;

    /// Everything but the program around it, while the blocks run.
    List<Item> items(Workload work) {
        Held held = held();
        long activations = work.atOnce() * activationBytes(work.size());
        List<Item> items = new ArrayList<>(weights(held));
        items.addAll(List.of(
                new Item("unpacked matrix", unpackedBytes(held, activations)),
                new Item("weights rounded anew", roundsAnew() ? work.atOnce() * ROUNDED_COPIES * 4 * held.widest : 0),
                new Item("encoded prompts", promptBytes() * work.branches()),
                new Item("modulation vectors", vectorBytes(work)),
                new Item("activations", activations),
                engine()));
        return items;
    }

    /// Everything but the program around it, while modulation is computed before the first step: its weights, and no
    /// activations of the blocks.
    List<Item> earlyItems(Workload work) {
        Held held = held();
        List<Item> items = new ArrayList<>(weights(held));
        items.addAll(List.of(
                new Item("modulation weights", held.early),
                new Item("unpacked matrix", 4 * held.widestEarly),
                new Item("modulation vectors", vectorBytes(work)),
                engine()));
        return items;
    }

    /// Weights that are resident before the first step only.
    long earlyWeightBytes() {
        return held().early;
    }

    private List<Item> weights(Held held) {
        return List.of(
                new Item("quantized weights", held.codes),
                new Item("weights read from the file", held.mapped),
                new Item("decoded weights", held.decoded),
                new Item("small weights", held.copied),
                new Item("low-rank branches", held.branches + model.branchBytes()));
    }

    private Item engine() {
        return new Item(
                "engine", EngineCosts.ENGINE_BYTES_PER_BLOCK * facts().sizes().layers());
    }

    /// Held for all steps ahead, in portions.
    private long vectorBytes(Workload work) {
        long step = 4
                * early().stream()
                        .mapToLong(
                                layer -> model.weights().shape(layer + WEIGHT).dim(0))
                        .sum();
        long held = Math.max(step, Math.min(work.steps() * step, EngineCosts.VECTORS_BYTES));
        return work.branches() * held;
    }

    /// Linears that follow from the time alone.
    private Set<String> early() {
        Pattern early = Pattern.compile(architecture().timeLinears());
        return architecture().shapes().keySet().stream()
                .filter(name -> name.endsWith(WEIGHT))
                .map(TransformerMemory::layer)
                .filter(layer -> early.matcher(layer).matches())
                .collect(Collectors.toSet());
    }

    /// One matrix at a time is widened to F32. Where the blocks are quantized it belongs to what comes before or after
    /// them, while there are no activations of theirs.
    private long unpackedBytes(Held held, long activations) {
        long widened = 4 * held.widest;
        return model.plan().isPresent() ? Math.max(0, widened - activations) : widened;
    }

    private TransformerArchitecture architecture() {
        return model.architecture();
    }

    private TransformerFacts facts() {
        return architecture().facts();
    }

    /// Bytes of the weights by the way they are held.
    private static final class Held {
        private long codes;
        private long mapped;
        private long decoded;
        private long copied;
        private long branches;
        private long widest;
        /// Of linears that follow from the time alone, where they need not stay.
        private long early;

        private long widestEarly;
    }

    private Held held() {
        Held held = new Held();
        Map<String, WeightPlan> plans = plans();
        Set<String> early = early();
        for (Map.Entry<String, Shape> tensor : architecture().shapes().entrySet()) {
            Shape shape = tensor.getValue();
            long elements = shape.elements();
            String layer = layer(tensor.getKey());
            boolean isEarly = early.contains(layer);
            WeightPlan own = plans.get(layer);
            if (own != null) {
                long codes = codeBytes(tensor.getKey(), shape, own);
                held.codes += isEarly ? 0 : codes;
                held.early += isEarly ? codes : 0;
                held.branches += branchBytes(shape, own.branch());
                if (roundsAnew() && !isEarly && elements >= EngineCosts.STREAMED_FROM) {
                    stream(tensor.getKey(), elements, false, held);
                }
            } else if (shape.rank() == 2 && elements >= EngineCosts.STREAMED_FROM) {
                stream(tensor.getKey(), elements, isEarly, held);
            } else {
                held.copied += 4 * elements;
            }
        }
        return held;
    }

    /// Whether the weights in full precision are needed at every step beside their codes.
    private boolean roundsAnew() {
        return model.plan()
                .filter(plan -> plan.smoothing() instanceof SmoothingPlan.OfInput)
                .isPresent();
    }

    /// How each quantized linear is, modulations among them.
    private Map<String, WeightPlan> plans() {
        Map<String, WeightPlan> plans = new HashMap<>();
        model.plan().ifPresent(plan -> {
            put(plan, architecture().blockLinears(), plans);
            put(
                    plan.ofModulations(architecture()::modulationBits),
                    architecture().modulationLinears(),
                    plans);
        });
        return plans;
    }

    private static void put(QuantizationPlan plan, List<String> layers, Map<String, WeightPlan> into) {
        plan.layers()
                .bits(layers, plan.weightBits())
                .forEach((layer, bits) -> into.put(layer, plan.weight().withBits(bits)));
    }

    /// Both matrices in 16 bits.
    private static long branchBytes(Shape shape, BranchPlan branch) {
        return switch (branch) {
            case BranchPlan.None() -> 0;
            case BranchPlan.LowRank(int rank, int _) ->
                2 * Math.min(rank, Math.min(shape.dim(0), shape.dim(1))) * (shape.dim(0) + shape.dim(1));
        };
    }

    /// A large matrix is read where it lies; one that the file has packed is unpacked once and kept, an early one, too.
    private void stream(String name, long elements, boolean isEarly, Held held) {
        Checkpoint weights = model.weights();
        DType dtype = weights.dtype(name);
        boolean readable = dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
        long readBytes = readable ? dtype.byteSize(elements) : 4 * elements;
        if (!readable || weights.storedBytes(name) < readBytes) {
            held.decoded += readBytes;
        } else if (isEarly) {
            held.early += readBytes;
        } else {
            held.mapped += readBytes;
        }
        if (isEarly) {
            held.widestEarly = Math.max(held.widestEarly, elements);
        } else {
            held.widest = Math.max(held.widest, elements);
        }
    }

    private static String layer(String name) {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }

    /// Codes of up to four bits lie two to a byte; steps, zero points.
    private static long codeBytes(String name, Shape shape, WeightPlan weight) {
        long rows = shape.dim(0);
        int columns = Math.toIntExact(shape.elements() / rows);
        long groups = columns / weight.granularity().groupSize(name, columns);
        long perRow = groups == 1
                ? 9
                : switch (weight.granularity()) {
                    case Granularity.GroupMultiples _ -> 8 + 2 * groups;
                    case Granularity.PerGroup _, Granularity.PerRow _, Granularity.PerTensor _ -> 3 * groups;
                };
        return (weight.bits() <= 4 ? Math.ceilDiv(rows, 2L) : rows) * columns + perRow * rows;
    }

    /// Keys and values of a prompt, kept per block where the family has a text graph of its own.
    private long promptBytes() {
        long vectors = hasCrossAttention() ? 2L * facts().sizes().layers() : 2;
        return 4L * vectors * facts().text().length() * facts().sizes().dim();
    }

    private boolean hasCrossAttention() {
        return architecture().shapes().keySet().stream()
                .anyMatch(name -> name.contains("cross_attn.k.") || name.contains("attn2.to_k."));
    }

    /// Tokens of the prompt run through the blocks with those of the picture where no block looks across.
    private long activationBytes(LatentSize size) {
        long tokens = MemoryPlan.tokens(facts(), size)
                + (hasCrossAttention() ? 0 : facts().text().length());
        double wide = model.plan().isPresent() ? EngineCosts.QUANTIZED_WIDE_VECTORS : EngineCosts.WIDE_VECTORS;
        return (long) (4 * tokens * (EngineCosts.TOKEN_VECTORS * facts().sizes().dim() + wide * widestOperand()));
    }

    /// Values per token of the widest operand of a linear within the blocks.
    private long widestOperand() {
        Set<String> linears = new HashSet<>(architecture().blockLinears());
        return architecture().shapes().entrySet().stream()
                .filter(tensor -> linears.contains(layer(tensor.getKey()))
                        && tensor.getValue().rank() == 2
                        && !tensor.getKey().contains("mod"))
                .mapToLong(tensor ->
                        Math.max(tensor.getValue().dim(0), tensor.getValue().dim(1)))
                .max()
                .orElse(facts().sizes().dim());
    }
}
