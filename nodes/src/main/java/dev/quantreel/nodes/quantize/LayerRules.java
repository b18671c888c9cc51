package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.List;
import java.util.regex.Pattern;

/// Turns the layer widget into a rule, naming the port when it is no regular expression or finds no layer.
final class LayerRules {

    static final String HELP = "Layers to leave in full precision: a regular expression over names such as"
            + " blocks.0.self_attn.q or blocks.3.ffn.2; empty quantizes all linears of the blocks.";

    private LayerRules() {}

    /// @throws NodeInputException when it finds none of the model's layers, too
    static LayerRule of(DiffusionModel model, String keep) {
        LayerRule rule = of(keep);
        requireFound(model, "keep", keep);
        return rule;
    }

    static LayerRule of(String keep) {
        try {
            return new LayerRule(keep);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("keep", String.valueOf(e.getMessage()), e);
        }
    }

    /// @param pattern a regular expression; empty is none
    /// @throws NodeInputException when it is in the name of none of the model's layers, by a slip most likely
    static void requireFound(DiffusionModel model, String port, String pattern) {
        List<String> layers = model.architecture().blockLinears();
        if (!pattern.isEmpty()
                && layers.stream().noneMatch(Pattern.compile(pattern).asPredicate())) {
            throw new NodeInputException(
                    port,
                    "has the pattern '" + pattern + "', which finds none of the model's " + layers.size()
                            + " layers; their names are like " + layers.getFirst() + " and " + layers.getLast());
        }
    }
}
