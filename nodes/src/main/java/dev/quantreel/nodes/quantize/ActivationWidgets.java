package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ClipRatios;

/// What widgets of the activation nodes have in common.
final class ActivationWidgets {

    static final String BITS = "Bits per activation; a bit schedule at Sample Video overrides it.";

    /// What descriptions say of speed.
    static final String SPEED = " Products run in 8-bit integers whatever the bits: fewer bits test quality, they bring"
            + " no speed on processors without 4-bit products.";

    private ActivationWidgets() {}

    /// What the widget `clip` asks for at all bits, or the best known where it is 0.
    static ClipRatios clip(double asked, ClipRatios best) {
        float ratio = (float) asked;
        return ratio == 0 ? best : new ClipRatios(ratio, ratio, ratio);
    }
}
