package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.LayerRule.Edge;
import dev.quantreel.engines.quant.LayerRule.LayerBits;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.ArrayList;
import java.util.List;

/// Gives layers bits of their own.
@NodeType(
        id = "LayerPrecision",
        title = "Layer Rules",
        category = "quantize/weights",
        description = "Spares the layers that matter: says which stay in full precision and which get more"
                + " or fewer bits than the weight node before it gives. What is said first holds: kept"
                + " layers, then first and last blocks, then the rules from top to bottom, then the"
                + " preset; all others have the bits of the weight node. Several of these nodes add up,"
                + " the last one heard first.",
        aliases = {"mixed precision", "per-layer bits", "ViDiT-Q", "first and last blocks", "layer rules"})
public final class LayerPrecision implements Node<LayerPrecision.Inputs, LayerPrecision.Outputs> {

    /// Rules that have a name.
    public enum Preset {
        /// None.
        NONE("none", List.of()),
        /// As ViDiT-Q's released table.
        VIDIT_Q("ViDiT-Q: MLP 8 bits, attention as the weight node", LayerRule.metricDecoupled()),
        /// The text decides what is seen.
        TEXT("cross-attention 8 bits", List.of(LayerRule.Role.CROSS_ATTENTION.at(8))),
        /// Motion.
        MOTION("temporal attention 8 bits", List.of(LayerRule.Role.TEMPORAL_ATTENTION.at(8)));

        private final String label;
        private final List<LayerBits> bits;

        Preset(String label, List<LayerBits> bits) {
            this.label = label;
            this.bits = bits;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [LayerPrecision].
    public record Inputs(
            @In(help = "Model behind a weight node; not modified.")
            DiffusionModel model,

            @In(help = "Rules for groups of layers, after the rules below.", initial = "none")
            Preset preset,

            @In(
                    help =
                            "One rule per line, 'pattern = bits', a regular expression over layer names and 2 to 8 bits, for"
                                    + " example 'ffn[.]2$ = 6'. The first rule that finds a layer holds; one that finds none is"
                                    + " refused (Quantization Report lists the bits of every layer).",
                    initial = "",
                    multiline = true)
            String rules,

            @In(help = "Blocks at the beginning with bits of their own; 0 for none.", initial = "0", min = 0, max = 100)
            int firstBlocks,

            @In(help = "Blocks at the end with bits of their own; 0 for none.", initial = "0", min = 0, max = 100)
            int lastBlocks,

            @In(
                    help = "Bits of the first and last blocks, 2 to 8; 16 leaves them in full precision.",
                    initial = "16",
                    min = 2,
                    max = 16)
            int endBits,

            @In(help = LayerRules.HELP, initial = "", advanced = true)
            String keep) {}

    /// See [LayerPrecision].
    public record Outputs(
            @Out(help = "The model with bits by layer planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        DiffusionModel.Weights weights = WeightGroups.planned(in.model());
        String keep = LayerRules.of(in.model(), in.keep()).keep();
        List<LayerBits> bits = new ArrayList<>(parsed(in.rules()));
        bits.forEach(rule -> LayerRules.requireFound(in.model(), "rules", rule.pattern()));
        bits.addAll(in.preset().bits);
        LayerRule rule = new LayerRule(keep, edge(in, in.firstBlocks()), edge(in, in.lastBlocks()), bits);
        return new Outputs(in.model()
                .with(new DiffusionModel.Weights(
                        weights.plan(), weights.layers().and(rule))));
    }

    private static Edge edge(Inputs in, int blocks) {
        if (in.endBits() > 8 && in.endBits() < 16) {
            throw new NodeInputException("endBits", "is " + in.endBits() + "; accepted are 2 to 8, or 16");
        }
        return blocks == 0 ? Edge.NONE : new Edge(blocks, in.endBits() == 16 ? 0 : in.endBits());
    }

    private static List<LayerBits> parsed(String rules) {
        List<LayerBits> bits = new ArrayList<>();
        for (String line : rules.lines().map(String::strip).toList()) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                bits.add(parsedLine(line));
            }
        }
        return bits;
    }

    private static LayerBits parsedLine(String line) {
        int equals = line.lastIndexOf('=');
        try {
            return new LayerBits(
                    line.substring(0, Math.max(equals, 0)).strip(),
                    Integer.parseInt(line.substring(equals + 1).strip()));
        } catch (NumberFormatException e) {
            throw new NodeInputException("rules", "has the line '" + line + "'; accepted is 'pattern = bits'", e);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("rules", "has the line '" + line + "': " + e.getMessage(), e);
        }
    }
}
