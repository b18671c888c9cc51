package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.nodes.spi.NodeInputException;

/// Turns the layer widget into a rule, naming the port when it is no regular expression.
final class LayerRules {

    static final String HELP = "Layers to leave in full precision: a regular expression over names such as"
            + " blocks.0.self_attn.q or blocks.3.ffn.2; empty quantizes all linears of the blocks.";

    private LayerRules() {}

    static LayerRule of(String keep) {
        try {
            return new LayerRule(keep);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("keep", String.valueOf(e.getMessage()), e);
        }
    }
}
