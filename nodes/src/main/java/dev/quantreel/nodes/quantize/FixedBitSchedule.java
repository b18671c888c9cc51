package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.schedule.Alternating;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.schedule.Shuffled;
import dev.quantreel.engines.schedule.SwitchAtHalf;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.BitPlan;
import java.util.ArrayList;
import java.util.List;

/// Plans bits without looking at the output.
@NodeType(
        id = "FixedBitSchedule",
        title = "Fixed Bit Schedule",
        category = "quantize/bits by step",
        description = "Says beforehand at how many bits each step computes: constant, low in the first half"
                + " of the steps (STP), low in the second half (ITP), alternating (ABS), a random"
                + " permutation (SBA) or written down for each step. The baselines that δ-GBS Scheduler"
                + " is compared with.",
        aliases = {"STP", "ITP", "ABS", "SBA", "bit schedule"})
public final class FixedBitSchedule implements Node<FixedBitSchedule.Inputs, FixedBitSchedule.Outputs> {

    /// The rules.
    public enum Rule {
        /// High bits at every step.
        CONSTANT("constant (high)"),
        /// Low first.
        STP("STP: low, then high"),
        /// High first.
        ITP("ITP: high, then low"),
        /// In turn.
        ABS("ABS: alternating"),
        /// Shuffled.
        SBA("SBA: random"),
        /// As written.
        MANUAL("manual");

        private final String label;

        Rule(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [FixedBitSchedule].
    public record Inputs(
            @In(help = "Which steps get which bits.", initial = "ABS: alternating")
            Rule rule,

            @In(help = "Low bits.", initial = "4", min = 2, max = 8)
            int lowBits,

            @In(help = "High bits.", initial = "8", min = 2, max = 8)
            int highBits,

            @In(help = "Seed of the random rule.", initial = "0", min = 0, max = 2147483647, advanced = true)
            int seed,

            @In(
                    help =
                            "Bits of each step for the manual rule, separated by commas, for example 8,8,4,4; 4*10 stands"
                                    + " for ten steps of 4.",
                    initial = "",
                    advanced = true)
            String manualBits) {

        public Inputs {
            if (lowBits >= highBits && rule != Rule.CONSTANT && rule != Rule.MANUAL) {
                throw new NodeInputException(
                        "lowBits", "is " + lowBits + "; accepted is less than highBits, which is " + highBits);
            }
        }
    }

    /// See [FixedBitSchedule].
    public record Outputs(@Out(help = "The bit schedule.") BitPlan schedule) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        BitSchedule schedule =
                switch (in.rule()) {
                    case CONSTANT -> new Constant(in.highBits());
                    case STP -> SwitchAtHalf.lowThenHigh(in.lowBits(), in.highBits());
                    case ITP -> SwitchAtHalf.highThenLow(in.lowBits(), in.highBits());
                    case ABS -> new Alternating(in.lowBits(), in.highBits());
                    case SBA -> new Shuffled(in.lowBits(), in.highBits(), in.seed());
                    case MANUAL -> new Manual(manual(in.manualBits()));
                };
        return new Outputs(new BitPlan(schedule, in.rule().toString()));
    }

    private static List<Integer> manual(String text) {
        List<Integer> bits = new ArrayList<>();
        for (String entry : text.split(",", -1)) {
            String[] parts = entry.strip().split("\\*", 2);
            try {
                int times = parts.length == 2 ? Integer.parseInt(parts[1].strip()) : 1;
                int value = Integer.parseInt(parts[0].strip());
                if (times < 1 || times > 1000 || value < BitSchedule.MIN_BITS || value > BitSchedule.MAX_BITS) {
                    throw rejected(text, entry);
                }
                for (int i = 0; i < times; i++) {
                    bits.add(value);
                }
            } catch (NumberFormatException e) {
                throw rejected(text, entry);
            }
        }
        return bits;
    }

    private static NodeInputException rejected(String text, String entry) {
        return new NodeInputException(
                "manualBits",
                "is '" + text + "', where '" + entry.strip() + "' cannot be read; accepted are numbers from "
                        + BitSchedule.MIN_BITS + " to " + BitSchedule.MAX_BITS + " such as 8,8,4*10");
    }
}
