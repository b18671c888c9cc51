package dev.quantreel.engines.quant;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Which of a model's block linears are quantized.
///
/// @param keep regular expression; layers in whose name it is found stay in full precision. Empty keeps none.
public record LayerRule(String keep) {

    /// Quantizes all block linears.
    public static final LayerRule ALL = new LayerRule("");

    public LayerRule {
        try {
            Pattern.compile(keep);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "keep is \"" + keep + "\"; a regular expression is needed (" + e.getDescription() + ")", e);
        }
    }

    /// The layers to quantize, in the given order.
    public List<String> select(List<String> layers) {
        if (keep.isEmpty()) {
            return List.copyOf(layers);
        }
        Pattern pattern = Pattern.compile(keep);
        return layers.stream().filter(layer -> !pattern.matcher(layer).find()).toList();
    }
}
