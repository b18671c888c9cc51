package dev.quantreel.nodes.values;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.memory.FittingSizes;
import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.List;

/// Refuses a generation that would not fit into memory before anything is quantized, with the plan and what would
/// fit.
public final class MemoryCheck {

    private MemoryCheck() {}

    /// Shows the plan as a status, and refuses where it exceeds the budget.
    ///
    /// @param port the input that says how large the video is
    /// @param branches 2 with classifier-free guidance
    /// @throws NodeInputException when it does not fit
    /// @throws Exception when the file of the model cannot be opened
    public static MemoryPlan require(
            String port, DiffusionModel model, LatentSize size, int branches, NodeContext context) throws Exception {
        TransformerCheckpoint checkpoint =
                TransformerCheckpoint.of(model.file().open(context).file());
        MemoryPlan.Workload work = new MemoryPlan.Workload(size, branches);
        MachineMemory memory = MachineMemory.now();
        MemoryPlan plan = MemoryPlan.of(checkpoint.architecture(), checkpoint, model.plan(), work);
        context.status("memory plan " + plan.describe());
        if (!plan.fits(memory)) {
            List<String> instead =
                    new FittingSizes(checkpoint.architecture(), checkpoint, memory).instead(model.plan(), work);
            throw new NodeInputException(
                    port,
                    "needs " + plan.describe() + "; " + MemoryPlan.gigabytes(memory.budgetBytes()) + " GB are there ("
                            + memory.reason() + "). "
                            + (instead.isEmpty()
                                    ? "No smaller video of this model fits"
                                    : "It would fit with " + String.join(", or ", instead)));
        }
        return plan;
    }
}
