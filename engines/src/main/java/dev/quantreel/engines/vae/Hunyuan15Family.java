package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.LatentSpace;

/// HunyuanVideo 1.5: 32 channels, 16 x 16 x 4.
final class Hunyuan15Family {

    static final String NAME = "HunyuanVideo 1.5 VAE";

    private static final double SCALING = 1.03682;

    /// Side of the reference's tiles; smaller ones change the picture, since attention sees a whole tile.
    private static final int SMALLEST_TILE = 256;

    private Hunyuan15Family() {}

    static boolean decodes(Checkpoint checkpoint) {
        return has(checkpoint, "decoder");
    }

    static boolean encodes(Checkpoint checkpoint) {
        return has(checkpoint, "encoder");
    }

    private static boolean has(Checkpoint checkpoint, String part) {
        Hunyuan15Layout layout = Hunyuan15Layout.of(checkpoint);
        return checkpoint.contains(layout.layer(part + ".mid_block.attentions.0.to_q") + ".weight")
                && checkpoint.contains(part + ".norm_out.gamma");
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        int channels = CheckpointShapes.extent(checkpoint, "decoder.conv_in.conv.weight", 5, 1);
        return new VaeTraits(
                NAME,
                channels,
                new VaeTraits.Grid(16, 4, true),
                LatentNormalization.factor(channels, ConfigText.of(checkpoint).number("scaling_factor", SCALING)),
                VaeTraits.Pairing.of("HunyuanVideo 1.5", LatentSpace.HUNYUAN_VIDEO_15));
    }

    static DecoderPlan decoder(Checkpoint checkpoint) {
        VaeTraits traits = traits(checkpoint);
        return new DecoderPlan(
                traits,
                new TimePlan.Streaming(traits.grid(), 1, 1, 0),
                memory(CheckpointShapes.extent(checkpoint, "decoder.conv_out.conv.weight", 5, 1)),
                arena -> Hunyuan15DecoderGraph.build(
                        Hunyuan15Blocks.of(WanFamilies.layers(checkpoint, arena, "hunyuan-1.5-vae-decoder")), traits));
    }

    static EncoderPlan encoder(Checkpoint checkpoint) {
        VaeTraits traits = traits(checkpoint);
        return new EncoderPlan(
                traits,
                new TimePlan.Streaming(VaeTraits.Grid.stills(1), 1, 1, 0),
                memory(CheckpointShapes.extent(checkpoint, "encoder.conv_in.conv.weight", 5, 0)),
                (arena, levels) -> Hunyuan15EncoderGraph.build(
                        Hunyuan15Blocks.of(WanFamilies.layers(checkpoint, arena, "hunyuan-1.5-vae-encoder")),
                        traits,
                        levels));
    }

    /// What attention takes grows with its state.
    private static DecoderPlan.Memory memory(int width) {
        return new DecoderPlan.Memory(
                DecoderPlan.Memory.MAPS * width, DecoderPlan.Memory.Attention.NONE, SMALLEST_TILE);
    }
}
