package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;

/// Stable Diffusion's autoencoder (4 channels, 8 x 8, each frame a picture; Latte uses it) and HunyuanVideo's
/// (16 channels, 8 x 8 x 4).
final class KlFamilies {

    static final String STABLE_DIFFUSION = "Stable Diffusion VAE";
    static final String HUNYUAN = "HunyuanVideo VAE";

    private static final int USUAL_GROUPS = 32;
    /// Frames that diffusers decodes at a time (`tile_sample_min_num_frames` 16 with one more, stride 12), in latent
    /// frames; clips of four latent frames are decoded whole.
    private static final int WINDOW = 5;
    private static final int STRIDE = 3;
    private static final int WHOLE = 4;

    /// Side of diffusers' tiles; smaller ones change the picture, since groups and attention see a whole tile.
    private static final int HUNYUAN_TILE = 256;

    private KlFamilies() {}

    /// @param groups of the group norms
    private record Config(VaeTraits traits, int groups) {}

    static boolean decodes(Checkpoint checkpoint) {
        KlLayout layout = KlLayout.of(checkpoint);
        return checkpoint.contains(layout.layer("decoder.mid_block.resnets.0.conv1") + ".weight")
                && checkpoint.contains(layout.layer("decoder.conv_norm_out") + ".weight");
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        return config(checkpoint).traits();
    }

    private static Config config(Checkpoint checkpoint) {
        KlLayout layout = KlLayout.of(checkpoint);
        ConfigText text = ConfigText.of(checkpoint);
        int groups = (int) text.number("norm_num_groups", USUAL_GROUPS);
        boolean video = layout == KlLayout.VIDEO;
        int rank = video ? 5 : 4;
        int channels = CheckpointShapes.extent(checkpoint, layout.layer("decoder.conv_in") + ".weight", rank, 1);
        if (!video && channels != 4) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(),
                    "this is an autoencoder for pictures with " + channels + " latent channels; accepted is the one of"
                            + " Stable Diffusion 1 and 2 with 4 channels (which Latte uses)");
        }
        double scaling = text.number("scaling_factor", video ? 0.476986 : 0.18215);
        LatentNormalization normalization = LatentNormalization.factor(channels, scaling);
        return new Config(
                video
                        ? new VaeTraits(
                                HUNYUAN,
                                channels,
                                new VaeTraits.Grid(8, 4, true),
                                normalization,
                                VaeTraits.Pairing.of("HunyuanVideo", LatentSpace.HUNYUAN_VIDEO))
                        : new VaeTraits(
                                STABLE_DIFFUSION,
                                channels,
                                VaeTraits.Grid.stills(8),
                                normalization,
                                VaeTraits.Pairing.of("Latte", LatentSpace.STABLE_DIFFUSION)),
                groups);
    }

    static DecoderPlan decoder(Checkpoint checkpoint) {
        Config config = config(checkpoint);
        KlLayout layout = KlLayout.of(checkpoint);
        boolean video = layout == KlLayout.VIDEO;
        int width = CheckpointShapes.extent(checkpoint, layout.layer("decoder.conv_out") + ".weight", video ? 5 : 4, 1);
        VaeTraits.Grid grid = config.traits().grid();
        return new DecoderPlan(
                config.traits(),
                video ? new TimePlan.Windows(grid, WINDOW, STRIDE, WHOLE) : new TimePlan.Streaming(grid, 1, 1, 0),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width,
                        video ? DecoderPlan.Memory.Attention.CLIP : DecoderPlan.Memory.Attention.FRAME,
                        video ? HUNYUAN_TILE : HUNYUAN_TILE / 2),
                arena -> KlDecoderGraph.build(
                        new KlBlocks(WanFamilies.layers(checkpoint, arena, "kl-vae-decoder"), layout, config.groups()),
                        config.traits()));
    }

    /// HunyuanVideo's alone.
    static boolean encodes(Checkpoint checkpoint) {
        return decodes(checkpoint)
                && KlLayout.of(checkpoint) == KlLayout.VIDEO
                && checkpoint.contains("encoder.mid_block.resnets.0.conv1.conv.weight")
                && checkpoint.contains("encoder.conv_norm_out.weight");
    }

    /// Clips longer than a window are cut as diffusers cuts them.
    static EncoderPlan encoder(Checkpoint checkpoint) {
        Config config = config(checkpoint);
        int width = CheckpointShapes.extent(checkpoint, "encoder.conv_in.conv.weight", 5, 0);
        return new EncoderPlan(
                config.traits(),
                new TimePlan.Windows(VaeTraits.Grid.stills(1), WINDOW, STRIDE, WINDOW),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width, DecoderPlan.Memory.Attention.CLIP, HUNYUAN_TILE),
                (arena, levels) -> KlEncoderGraph.build(
                        new KlBlocks(
                                WanFamilies.layers(checkpoint, arena, "kl-vae-encoder"),
                                KlLayout.VIDEO,
                                config.groups()),
                        config.traits(),
                        levels));
    }
}
