package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.nodes.spi.NodeInputException;

/// What widgets of the activation nodes have in common.
final class ActivationWidgets {

    static final String BITS = "Bits per activation; a bit schedule at Sample Video overrides it.";

    static final String MEAN =
            "Takes the mean of each token past the quantization, exactly: helps where all channels have"
                    + " an offset, above all with rotations without signs. Costs one sum per weight row, kept in memory.";

    static final String FUSE = "Moves the rotation of what an attention gives into the weights of its values, where"
            + " nothing stands between (Wan, HunyuanVideo): same result, one rotation on line less for each attention."
            + " Needs a rotation whose blocks divide a head (rotationBlock 128 or 64), and no LoRA beside the weights.";

    /// What descriptions say of speed.
    static final String SPEED = " Products run in 8-bit integers whatever the bits: fewer bits test quality, they bring"
            + " no speed on processors without 4-bit products.";

    private ActivationWidgets() {}

    /// What the widgets `splitMean` and `fuseValues` add to a plan.
    static InputPlan refined(InputPlan plan, boolean splitMean, boolean fuseValues) {
        if (fuseValues && plan.rotation() instanceof RotationPlan.None) {
            throw new NodeInputException(
                    "fuseValues", "is on while rotationBlock is 0; there is no rotation that values could take over");
        }
        return plan.withMeanSplit(splitMean).withFusedValues(fuseValues);
    }

    /// What the widget `clip` asks for at all bits, or the best known where it is 0.
    static ClipRatios clip(double asked, ClipRatios best) {
        float ratio = (float) asked;
        return ratio == 0 ? best : new ClipRatios(ratio, ratio, ratio);
    }
}
