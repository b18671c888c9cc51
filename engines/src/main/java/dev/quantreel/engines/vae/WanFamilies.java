package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
import java.lang.foreign.Arena;

/// Wan's VAEs: 2.1 (16 channels, 8 x 8 x 4) and 2.2 (48 channels, 16 x 16 x 4).
final class WanFamilies {

    static final String WAN_21 = "Wan 2.1 VAE";
    static final String WAN_22 = "Wan 2.2 VAE";

    /// Wan 2.1's latents (`wan/modules/vae.py`).
    private static final float[] MEAN_21 = {
        -0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f, 0.4134f, -0.0715f, 0.5517f,
        -0.3632f, -0.1922f, -0.9497f, 0.2503f, -0.2921f
    };
    private static final float[] STD_21 = {
        2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f, 3.2687f, 2.1526f, 2.8652f, 1.5579f,
        1.6382f, 1.1253f, 2.8251f, 1.9160f
    };

    /// Wan 2.2's latents (`wan/modules/vae2_2.py`).
    private static final float[] MEAN_22 = {
        -0.2289f, -0.0052f, -0.1323f, -0.2339f, -0.2799f, 0.0174f, 0.1838f, 0.1557f, -0.1382f, 0.0542f, 0.2813f,
        0.0891f, 0.1570f, -0.0098f, 0.0375f, -0.1825f, -0.2246f, -0.1207f, -0.0698f, 0.5109f, 0.2665f, -0.2108f,
        -0.2158f, 0.2502f, -0.2055f, -0.0322f, 0.1109f, 0.1567f, -0.0729f, 0.0899f, -0.2799f, -0.1230f, -0.0313f,
        -0.1649f, 0.0117f, 0.0723f, -0.2839f, -0.2083f, -0.0520f, 0.3748f, 0.0152f, 0.1957f, 0.1433f, -0.2944f, 0.3573f,
        -0.0548f, -0.1681f, -0.0667f
    };
    private static final float[] STD_22 = {
        0.4765f, 1.0364f, 0.4514f, 1.1677f, 0.5313f, 0.4990f, 0.4818f, 0.5013f, 0.8158f, 1.0344f, 0.5894f, 1.0901f,
        0.6885f, 0.6165f, 0.8454f, 0.4978f, 0.5759f, 0.3523f, 0.7135f, 0.6804f, 0.5833f, 1.4146f, 0.8986f, 0.5659f,
        0.7069f, 0.5338f, 0.4889f, 0.4917f, 0.4069f, 0.4999f, 0.6866f, 0.4093f, 0.5709f, 0.6065f, 0.6415f, 0.4944f,
        0.5726f, 1.2042f, 0.5458f, 1.6887f, 0.3971f, 1.0600f, 0.3943f, 0.5537f, 0.5444f, 0.4089f, 0.7468f, 0.7744f
    };

    private static final int SMALLEST_TILE = 128;

    /// Of the layers between, in both.
    private static final int DOWNSAMPLING = 8;

    private WanFamilies() {}

    static boolean decodes(Checkpoint checkpoint) {
        return checkpoint.contains(WanVaeLayout.of(checkpoint).name("decoder.mid_block.attentions.0.to_qkv.weight"))
                && checkpoint.contains(WanVaeLayout.of(checkpoint).name("decoder.mid_block.resnets.0.norm1.gamma"));
    }

    static boolean encodes(Checkpoint checkpoint) {
        return checkpoint.contains(WanVaeLayout.of(checkpoint).name("encoder.mid_block.attentions.0.to_qkv.weight"))
                && checkpoint.contains(WanVaeLayout.of(checkpoint).name("encoder.mid_block.resnets.0.norm1.gamma"));
    }

    static DecoderPlan decoder(Checkpoint checkpoint) {
        WanVaeLayout layout = WanVaeLayout.of(checkpoint);
        VaeTraits traits = traits(checkpoint);
        int width = CheckpointShapes.extent(checkpoint, layout.name("decoder.conv_out.weight"), 5, 1);
        int patch = patch(traits);
        return new DecoderPlan(
                traits,
                new TimePlan.Streaming(traits.grid(), 1, 1, 0),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width / (patch * patch),
                        DecoderPlan.Memory.Attention.FRAME,
                        SMALLEST_TILE),
                arena -> {
                    VaeLayers layers = layers(checkpoint, arena, "wan-vae-decoder");
                    return WanDecoderGraph.build(new WanBlocks(layers, CausalTime.streaming(layers), layout), traits);
                });
    }

    static EncoderPlan encoder(Checkpoint checkpoint) {
        WanVaeLayout layout = WanVaeLayout.of(checkpoint);
        VaeTraits traits = traits(checkpoint);
        int width = CheckpointShapes.extent(checkpoint, layout.name("encoder.conv_in.weight"), 5, 0);
        int patch = patch(traits);
        return new EncoderPlan(
                traits,
                new TimePlan.Streaming(VaeTraits.Grid.stills(1), 1, 1, 0),
                new DecoderPlan.Memory(
                        DecoderPlan.Memory.MAPS * width / (patch * patch),
                        DecoderPlan.Memory.Attention.FRAME,
                        SMALLEST_TILE),
                (arena, levels) -> {
                    VaeLayers layers = layers(checkpoint, arena, "wan-vae-encoder");
                    return WanEncoderGraph.build(
                            new WanBlocks(layers, CausalTime.streaming(layers), layout), traits, levels);
                });
    }

    /// Side of the square of pixels that the outermost convolutions take as one.
    static int patch(VaeTraits traits) {
        return traits.pixelsPerCell() / DOWNSAMPLING;
    }

    static VaeLayers layers(Checkpoint checkpoint, Arena arena, String graph) {
        return new VaeLayers(OnnxGraphBuilder.create(graph), new FloatWeights(checkpoint), arena);
    }

    static VaeTraits traits(Checkpoint checkpoint) {
        WanVaeLayout layout = WanVaeLayout.of(checkpoint);
        int channels = CheckpointShapes.extent(checkpoint, layout.name("post_quant_conv.weight"), 5, 1);
        boolean nested = layout.isNested();
        return new VaeTraits(
                nested ? WAN_22 : WAN_21,
                channels,
                new VaeTraits.Grid(nested ? 16 : 8, 4, true),
                normalization(channels, nested),
                nested
                        ? VaeTraits.Pairing.of("Wan 2.2 TI2V-5B", LatentSpace.WAN_22)
                        : VaeTraits.Pairing.of("Wan 2.1 and Wan 2.2 A14B", LatentSpace.WAN_21));
    }

    private static LatentNormalization normalization(int channels, boolean nested) {
        float[] mean = nested ? MEAN_22 : MEAN_21;
        return channels == mean.length
                ? LatentNormalization.of(mean, nested ? STD_22 : STD_21)
                : LatentNormalization.identity(channels);
    }
}
