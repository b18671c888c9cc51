package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;

/// CogVideoX: 16 channels, 8 x 8 x 4. Its encoder alone; taecvx decodes.
final class CogVideoXFamily {

    static final String NAME = "CogVideoX VAE";

    /// Of 5B and 1.5; the configuration of 2B's says 1.15258426.
    private static final double SCALING = 0.7;

    private static final int USUAL_GROUPS = 32;

    /// Groups see a whole tile.
    private static final int SMALLEST_TILE = 256;

    private CogVideoXFamily() {}

    static boolean recognises(Checkpoint checkpoint) {
        return checkpoint.contains("encoder.conv_in.conv.weight")
                && checkpoint.contains("decoder.mid_block.resnets.0.norm1.conv_y.conv.weight");
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        return traits(checkpoint, false);
    }

    /// @param encodes whether for what the model reads of an image, which the authors of 1.5 trained with latents
    /// divided where they are multiplied everywhere else
    private static VaeTraits traits(Checkpoint checkpoint, boolean encodes) {
        int channels = CheckpointShapes.extent(checkpoint, "encoder.conv_out.conv.weight", 5, 0) / 2;
        ConfigText text = ConfigText.of(checkpoint);
        double scaling = text.number("scaling_factor", SCALING);
        boolean inverted = encodes && text.flag("invert_scale_latents", false);
        return new VaeTraits(
                NAME,
                channels,
                new VaeTraits.Grid(8, 4, true),
                LatentNormalization.factor(channels, inverted ? 1 / scaling : scaling),
                VaeTraits.Pairing.of("CogVideoX", LatentSpace.COG_VIDEO_X));
    }

    /// @throws UnsupportedCheckpointException always
    static DecoderPlan decoder(Checkpoint checkpoint) {
        throw new UnsupportedCheckpointException(
                checkpoint.source(),
                "the decoder of CogVideoX's own VAE is not supported, only its encoder; accepted is"
                        + " taecvx.safetensors, which decodes the same latents");
    }

    static EncoderPlan encoder(Checkpoint checkpoint) {
        VaeTraits traits = traits(checkpoint, true);
        int width = CheckpointShapes.extent(checkpoint, "encoder.conv_in.conv.weight", 5, 0);
        int groups = (int) ConfigText.of(checkpoint).number("norm_num_groups", USUAL_GROUPS);
        return new EncoderPlan(
                traits,
                new TimePlan.Batches(VaeTraits.Grid.stills(1)),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width, DecoderPlan.Memory.Attention.NONE, SMALLEST_TILE),
                (arena, levels) -> CogVideoXEncoderGraph.build(
                        WanFamilies.layers(checkpoint, arena, "cogvideox-vae-encoder"), traits, groups, levels));
    }
}
