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
        MemoryPlan together = together(work);
        return together.fits(memory) ? together : inTurn(work);
    }

    /// All models held at once: each keeps its weights, prompts and the room its engine took for activations.
    public MemoryPlan together(Workload work) {
        List<Item> items = new ArrayList<>();
        for (Model model : models) {
            String prefix = models.size() == 1 ? "" : model.title() + ", ";
            new TransformerMemory(model)
                    .items(work)
                    .forEach(item -> items.add(new Item(prefix + item.name(), item.bytes())));
        }
        String title = models.size() == 1 ? models.getFirst().title() : "sampling, models held together";
        return new MemoryPlan(List.of(phase(title, items)));
    }

    /// Each model closed before the next is opened.
    public MemoryPlan inTurn(Workload work) {
        return new MemoryPlan(models.stream()
                .map(model -> phase(model.title(), new TransformerMemory(model).items(work)))
                .toList());
    }

    private Phase phase(String name, List<Item> own) {
        List<Item> items = new ArrayList<>(own);
        items.addAll(beside);
        items.add(new Item("program", EngineCosts.PROCESS_BYTES));
        return new Phase(name, items);
    }
}
