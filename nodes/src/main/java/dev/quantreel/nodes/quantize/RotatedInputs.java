package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.NodeInputException;

/// What nodes ask that quantize activations behind a rotation of one's choice.
public record RotatedInputs(
        @In(
                help = "Channels per block of the Hadamard rotation, a power of two or a Hadamard size; 0 does not"
                        + " rotate.",
                initial = "256",
                min = 0,
                max = 8192)
        int rotationBlock,

        @In(help = "Seed of the rotation's signs.", initial = "0", min = 0, max = 2147483647, advanced = true)
        int rotationSeed,

        @In(help = RotationChoice.HELP, initial = "blocks", advanced = true)
        RotationChoice rotation,

        @In(
                help = "Takes the mean of each token past the quantization, exactly: helps where all channels have"
                        + " an offset, above all with rotations without signs. Costs one sum per weight row, kept in"
                        + " memory.",
                initial = "false",
                advanced = true)
        boolean splitMean,

        @In(
                help = "Moves the rotation of what an attention gives into the weights of its values, where nothing"
                        + " stands between (Wan, HunyuanVideo): same result, one rotation on line less for each attention."
                        + " Needs a rotation whose blocks divide a head (rotationBlock 128 or 64), and no LoRA beside the"
                        + " weights.",
                initial = "false",
                advanced = true)
        boolean fuseValues) {

    /// @throws NodeInputException when there is no such rotation, or none that values could take over
    InputPlan plan(ActivationQuantizer quantizer) {
        RotationPlan chosen = rotation.plan(rotationBlock, rotationSeed);
        if (fuseValues && chosen instanceof RotationPlan.None) {
            throw new NodeInputException(
                    "fuseValues", "is on while rotationBlock is 0; there is no rotation that values could take over");
        }
        return new InputPlan(chosen, quantizer).withMeanSplit(splitMean).withFusedValues(fuseValues);
    }
}
