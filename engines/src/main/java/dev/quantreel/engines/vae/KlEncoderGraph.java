package dev.quantreel.engines.vae;

import java.util.List;
import java.util.Map;

/// The encoder of HunyuanVideo (`AutoencoderKLHunyuanVideo` of diffusers), for a clip of at least one picture that goes
/// in at once: groups are normalised over all its frames. Input and output as [EncoderEnds] has them.
final class KlEncoderGraph {

    private final KlBlocks blocks;
    private final EncoderEnds ends;

    private KlEncoderGraph(KlBlocks blocks, EncoderEnds ends) {
        this.blocks = blocks;
        this.ends = ends;
    }

    static DecoderPlan.Graph build(KlBlocks blocks, VaeTraits traits, EncoderLevels levels) {
        return new KlEncoderGraph(blocks, new EncoderEnds(blocks.layers(), traits, levels)).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = blocks.convolution("encoder.conv_in", ends.pictures());
        for (int block = 0; blocks.has(residual(block, 0) + ".conv1"); block++) {
            x = block(block, x);
        }
        x = blocks.head("encoder", blocks.middle("encoder.mid_block", ends.level(x)));
        ends.latent(blocks.has("quant_conv") ? blocks.convolution("quant_conv", x) : x);
        return new DecoderPlan.Graph(blocks.layers().graph().build(Map.of()), List.of(), false);
    }

    private static String residual(int block, int part) {
        return "encoder.down_blocks." + block + ".resnets." + part;
    }

    private Feature block(int block, Feature input) {
        Feature x = input;
        for (int part = 0; blocks.has(residual(block, part) + ".conv1"); part++) {
            x = blocks.residual(residual(block, part), x);
        }
        String downsampler = "encoder.down_blocks." + block + ".downsamplers.0.conv";
        // Three downsamplers in all; the first keeps the number of frames.
        return blocks.has(downsampler) ? blocks.narrowed(downsampler, ends.level(x), block > 0 ? 2 : 1) : x;
    }
}
