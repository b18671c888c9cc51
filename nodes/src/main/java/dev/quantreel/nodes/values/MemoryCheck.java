package dev.quantreel.nodes.values;

import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.List;
import java.util.function.Supplier;

/// Refuses what would not fit into memory before anything is opened, with the plan and what would fit.
///
/// @param port the input that says how much is wanted
/// @param memory what there is
public record MemoryCheck(String port, MachineMemory memory) {

    /// Against what the machine has now.
    public static MemoryCheck now(String port) {
        return new MemoryCheck(port, MachineMemory.now());
    }

    /// Shows the plan as a status, and refuses where it exceeds the budget.
    ///
    /// @param instead what would fit, in words; asked for only when the plan does not
    /// @throws NodeInputException when it does not fit
    public void require(MemoryPlan plan, Supplier<List<String>> instead, NodeContext context) {
        context.status("memory plan " + plan.describe());
        if (plan.fits(memory)) {
            return;
        }
        List<String> offers = instead.get();
        throw new NodeInputException(
                port,
                "needs " + MemoryPlan.gigabytes(plan.totalBytes()) + " GB at its peak, "
                        + MemoryPlan.gigabytes(memory.budgetBytes()) + " GB are there (" + memory.reason()
                        + "). The plan:\n" + plan.table() + "\n"
                        + (offers.isEmpty()
                                ? "Nothing smaller of this kind fits"
                                : "It would fit with " + String.join(", or ", offers)));
    }
}
