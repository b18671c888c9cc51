package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.DeltaTuning;
import dev.quantreel.engines.schedule.HighAfterSkips;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.video.TextTable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Plans bit switching by the change of the output.
@NodeType(
        id = "DeltaGBSScheduler",
        title = "δ-GBS Scheduler",
        category = "quantize/bits by step",
        description = "Spends bits where they count: few at steps at which the video hardly changes, more"
                + " at the others (DVD-Quant's δ-guided bit switching). Low bits while the output of the"
                + " model has changed less than δ in sum since the last step with high bits, then high"
                + " bits once. By block each block of the model follows its own changes. Connect the"
                + " trace of an earlier run and δ is found for the wanted mean of bits. Weights keep"
                + " their bits.",
        aliases = {"delta-GBS", "bit switching", "mixed precision", "DVD-Quant", "6Bit-Diffusion", "bits by block"})
public final class DeltaGBSScheduler implements Node<DeltaGBSScheduler.Inputs, DeltaGBSScheduler.Outputs> {

    /// What has bits of its own.
    public enum Scope {
        /// As the paper has it.
        STEP("step"),
        /// After 6Bit-Diffusion.
        BLOCK("block");

        private final String label;

        Scope(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [DeltaGBSScheduler].
    public record Inputs(
            @In(
                    help =
                            "Sum of relative L1 changes that calls for high bits, as a fraction; 0 makes every step high."
                                    + " Ignored when a trace is connected.",
                    initial = "0.1",
                    min = 0,
                    max = 10,
                    step = 0.01)
            double delta,

            @In(help = "Bits of the quiet steps.", initial = "4", min = 2, max = 8)
            int lowBits,

            @In(help = "Bits of the others.", initial = "8", min = 2, max = 8)
            int highBits,

            @In(help = "First steps that always get high bits.", initial = "1", min = 0, max = 100)
            int forceFirst,

            @In(help = "Last steps that always get high bits.", initial = "0", min = 0, max = 100)
            int forceLast,

            @In(
                    help = "Trace of a run with the same steps: δ is chosen for the mean of bits below. It costs that"
                            + " one run; take it at alternating bits, since steps of 4 bits change the output more. By"
                            + " block it has to be a run by block, for example with δ = 0.5.")
            Optional<Trace> trace,

            @In(
                    help = "Mean of the activation bits to reach when a trace is connected.",
                    initial = "6",
                    min = 2,
                    max = 8,
                    step = 0.1)
            double meanBits,

            @In(
                    help =
                            "High bits at a step that is computed after so many steps in a row that a step cache skipped,"
                                    + " because it will be reused as often; 0 leaves it to δ.",
                    initial = "0",
                    min = 0,
                    max = 100,
                    advanced = true)
            int highAfterSkips,

            @In(
                    help = "What has bits of its own: step, all blocks of a step have the bits that the change of the"
                            + " model's output calls for; block, each block has those that the changes of its own"
                            + " contribution call for, in each branch of guidance. By block another δ gives the"
                            + " same mean of bits, and the branches run one after the other; not with FBCache.",
                    initial = "step",
                    advanced = true)
            Scope scope) {

        public Inputs {
            if (lowBits >= highBits) {
                throw new NodeInputException(
                        "lowBits", "is " + lowBits + "; accepted is less than highBits, which is " + highBits);
            }
            if (trace.isPresent() && !(meanBits >= lowBits && meanBits <= highBits)) {
                throw new NodeInputException(
                        "meanBits", "is " + meanBits + "; accepted are " + lowBits + " to " + highBits);
            }
        }
    }

    /// See [DeltaGBSScheduler].
    public record Outputs(
            @Out(help = "The bit schedule.") BitPlan schedule,

            @Out(help = "The threshold used, as a fraction.")
            double delta) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        DeltaGbs rule = new DeltaGbs(in.delta(), in.lowBits(), in.highBits(), in.forceFirst(), in.forceLast());
        if (in.trace().isPresent()) {
            rule = tuned(curves(in.trace().get(), in.scope()), in.meanBits(), rule, context);
        }
        BitSchedule bits = in.scope() == Scope.BLOCK ? new BlockwiseGbs(rule) : rule;
        String name =
                "δ-GBS" + (in.scope() == Scope.BLOCK ? " by block" : "") + ", δ = " + TextTable.number(rule.delta());
        BitSchedule raised = in.highAfterSkips() == 0 ? bits : new HighAfterSkips(bits, in.highAfterSkips());
        return new Outputs(new BitPlan(raised, name), rule.delta());
    }

    private static List<List<Double>> curves(Trace trace, Scope scope) {
        if (trace.steps().steps().size() < 2) {
            throw new NodeInputException("trace", "has a single step; accepted is the trace of at least 2 steps");
        }
        if (scope == Scope.STEP) {
            return List.of(trace.steps().relativeL1Curve());
        }
        if (trace.steps().blocks().isEmpty()) {
            throw new NodeInputException(
                    "trace",
                    "has no changes of single blocks; accepted is the trace of a run by block of a model with quantized"
                            + " activations");
        }
        return trace.steps().blockCurves();
    }

    private static DeltaGbs tuned(List<List<Double>> curves, double meanBits, DeltaGbs template, NodeContext context) {
        DeltaTuning tuning = DeltaTuning.tuneByBlock(curves, meanBits, template);
        context.status(String.format(
                Locale.ROOT,
                "δ = %.4g gives %.2f bits on average",
                tuning.schedule().delta(),
                tuning.meanBits()));
        return tuning.schedule();
    }
}
