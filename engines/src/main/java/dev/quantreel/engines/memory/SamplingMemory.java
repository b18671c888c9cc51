package dev.quantreel.engines.memory;

import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.memory.MemoryPlan.Item;
import dev.quantreel.engines.memory.MemoryPlan.Phase;
import dev.quantreel.engines.memory.MemoryPlan.Workload;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What sampling takes: one transformer, or the experts of a generation that has several, held together or one after
/// the other.
///
/// @param models in the order in which they run
/// @param beside what is resident all the while, such as a decoder for previews
public record SamplingMemory(List<Model> models, List<Item> beside) {

    public SamplingMemory {
        models = List.copyOf(models);
        beside = List.copyOf(beside);
        if (models.isEmpty()) {
            throw new IllegalArgumentException("sampling needs a model");
        }
    }

    /// A transformer and how it will be held.
    ///
    /// @param title for people, the name of its phase
    /// @param weights under canonical names; asked for shapes and types only
    /// @param plan empty for full precision
    /// @param branchBytes low-rank branches beside its linears, see
    /// [dev.quantreel.engines.lowrank.LowRankBranches#bytes]
    public record Model(
            String title,
            TransformerArchitecture architecture,
            Checkpoint weights,
            Optional<QuantizationPlan> plan,
            long branchBytes) {

        /// A model without branches.
        public Model(
                String title,
                TransformerArchitecture architecture,
                Checkpoint weights,
                Optional<QuantizationPlan> plan) {
            this(title, architecture, weights, plan, 0);
        }

        /// The same file in another precision.
        public Model with(Optional<QuantizationPlan> other) {
            return new Model(title, architecture, weights, other, branchBytes);
        }
    }

    /// One model with nothing beside it.
    public static SamplingMemory of(Model model) {
        return new SamplingMemory(List.of(model), List.of());
    }

    /// All models held at once where that fits, else one after the other.
    public MemoryPlan plan(Workload work, MachineMemory memory) {
        return takesTurns(work, memory) ? inTurn(work) : together(work);
    }

    /// Whether the models do not fit at once, so that each is closed before the next is opened.
    public boolean takesTurns(Workload work, MachineMemory memory) {
        return models.size() > 1 && !together(work).fits(memory);
    }

    /// All models held at once: each keeps its weights, prompts and the room its engine took for activations. What they
    /// compute before their first step is a phase of its own, see [TransformerMemory#earlyItems].
    public MemoryPlan together(Workload work) {
        List<Phase> phases = new ArrayList<>();
        for (Model model : models) {
            List<Item> items = new ArrayList<>();
            for (Model other : models) {
                TransformerMemory memory = new TransformerMemory(other);
                items.addAll(named(other, other == model ? memory.earlyItems(work) : memory.items(work)));
            }
            early(model, items).ifPresent(phases::add);
        }
        List<Item> items = new ArrayList<>();
        models.forEach(model -> items.addAll(named(model, new TransformerMemory(model).items(work))));
        phases.add(phase(models.size() == 1 ? models.getFirst().title() : "sampling, models held together", items));
        return new MemoryPlan(phases);
    }

    /// Each model closed before the next is opened.
    public MemoryPlan inTurn(Workload work) {
        List<Phase> phases = new ArrayList<>();
        for (Model model : models) {
            TransformerMemory memory = new TransformerMemory(model);
            early(model, memory.earlyItems(work)).ifPresent(phases::add);
            phases.add(phase(model.title(), memory.items(work)));
        }
        return new MemoryPlan(phases);
    }

    private List<Item> named(Model model, List<Item> items) {
        String prefix = models.size() == 1 ? "" : model.title() + ", ";
        return items.stream()
                .map(item -> new Item(prefix + item.name(), item.bytes()))
                .toList();
    }

    /// Where it is worth a line.
    private Optional<Phase> early(Model model, List<Item> items) {
        return new TransformerMemory(model).earlyWeightBytes() < MemoryPlan.SHOWN_BYTES
                ? Optional.empty()
                : Optional.of(phase(model.title() + ", modulation before it", items));
    }

    private Phase phase(String name, List<Item> own) {
        List<Item> items = new ArrayList<>(own);
        items.addAll(beside);
        items.add(new Item("program", EngineCosts.PROCESS_BYTES));
        return new Phase(name, items);
    }
}
