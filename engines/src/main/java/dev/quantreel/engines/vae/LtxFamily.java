package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;

/// LTX-Video 0.9.x: 128 channels, 32 x 32 x 8.
final class LtxFamily {

    static final String NAME = "LTX-Video VAE";

    /// Latent frames of a run, and from run to run, of clips longer than `WINDOW`.
    private static final int WINDOW = 16;
    private static final int STRIDE = 12;
    private static final int PATCH_PIXELS = 16;
    private static final int SMALLEST_TILE = 256;

    private LtxFamily() {}

    static boolean decodes(Checkpoint checkpoint) {
        return checkpoint.contains("decoder.conv_in.conv.weight")
                && (checkpoint.contains("decoder.up_blocks.0.res_blocks.0.conv1.conv.weight")
                        || checkpoint.contains("decoder.mid_block.resnets.0.conv1.conv.weight")
                                && !checkpoint.contains("decoder.mid_block.resnets.0.norm1.weight"));
    }

    static boolean encodes(Checkpoint checkpoint) {
        return decodes(checkpoint) && checkpoint.contains("encoder.conv_out.conv.weight");
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        int channels = CheckpointShapes.extent(checkpoint, "decoder.conv_in.conv.weight", 5, 1);
        return new VaeTraits(
                NAME,
                channels,
                new VaeTraits.Grid(32, 8, true),
                normalization(checkpoint, channels),
                VaeTraits.Pairing.of("LTX-Video 0.9.x", LatentSpace.LTX_VIDEO));
    }

    private static LatentNormalization normalization(Checkpoint checkpoint, int channels) {
        LtxStages stages = LtxStages.of(checkpoint);
        if (!checkpoint.contains(stages.mean()) || !checkpoint.contains(stages.std())) {
            return LatentNormalization.identity(channels);
        }
        FloatWeights weights = new FloatWeights(checkpoint);
        return LatentNormalization.of(
                weights.tensor(stages.mean()).toFloatArray(),
                weights.tensor(stages.std()).toFloatArray());
    }

    static DecoderPlan decoder(Checkpoint checkpoint) {
        VaeTraits traits = traits(checkpoint);
        int width = CheckpointShapes.extent(checkpoint, "decoder.conv_out.conv.weight", 5, 1);
        boolean causal = ConfigText.of(checkpoint).flag("decoder_causal", false)
                || ConfigText.of(checkpoint).flag("causal_decoder", false);
        return new DecoderPlan(
                traits,
                new TimePlan.Windows(traits.grid(), WINDOW, STRIDE, WINDOW),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width / PATCH_PIXELS,
                        DecoderPlan.Memory.Attention.NONE,
                        SMALLEST_TILE),
                arena -> LtxDecoderGraph.build(
                        WanFamilies.layers(checkpoint, arena, "ltx-vae-decoder"), traits, causal));
    }

    static EncoderPlan encoder(Checkpoint checkpoint) {
        VaeTraits traits = traits(checkpoint);
        int width = CheckpointShapes.extent(checkpoint, "encoder.conv_in.conv.weight", 5, 0);
        return new EncoderPlan(
                traits,
                new TimePlan.Streaming(VaeTraits.Grid.stills(1), 1, 1, 0),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width / PATCH_PIXELS,
                        DecoderPlan.Memory.Attention.NONE,
                        SMALLEST_TILE),
                (arena, levels) -> LtxEncoderGraph.build(
                        WanFamilies.layers(checkpoint, arena, "ltx-vae-encoder"), traits, levels));
    }
}
