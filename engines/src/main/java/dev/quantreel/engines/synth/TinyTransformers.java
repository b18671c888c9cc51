package dev.quantreel.engines.synth;

import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.dit.cogvideox.CogVideoXConfig;
import dev.quantreel.engines.dit.cogvideox.CogVideoXFamily;
import dev.quantreel.engines.dit.cogvideox.CogVideoXTransformer;
import dev.quantreel.engines.dit.cogvideox.Positions;
import dev.quantreel.engines.dit.hunyuan.HunyuanConfig;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideo15Family;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideo15Transformer;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoFamily;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoTransformer;
import dev.quantreel.engines.dit.latte.LatteConfig;
import dev.quantreel.engines.dit.latte.LatteFamily;
import dev.quantreel.engines.dit.latte.LatteTransformer;
import dev.quantreel.engines.dit.ltx.LtxConfig;
import dev.quantreel.engines.dit.ltx.LtxFamily;
import dev.quantreel.engines.dit.ltx.LtxTransformer;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanFamily;
import dev.quantreel.engines.dit.wan.WanTransformer;
import java.util.List;

/// A transformer of every family and variant with all its parts, a block or two and tens of channels: what trials of
/// files and workflows are made from. Text widths are those of [TinyPart].
public final class TinyTransformers {

    /// Width of the vectors of every tiny text and picture encoder but ByT5.
    public static final int TEXT_WIDTH = 48;

    private static final int GLYPH_WIDTH = 32;
    private static final int DIM = 128;
    private static final int FREQUENCIES = 256;
    private static final HunyuanConfig.Rope ROPE = new HunyuanConfig.Rope(List.of(16, 56, 56), FREQUENCIES);

    /// CogVideoX 2B is told by its 30 blocks alone.
    private static final int LAYERS_OF_COGVIDEOX_2B = 30;

    private TinyTransformers() {}

    /// All of them; names are those of the released files.
    public static List<TransformerRelease> all() {
        return List.of(
                wan("wan2.1_t2v", 16, 16, 0),
                wan("wan2.1_i2v_480p", 36, 16, TEXT_WIDTH),
                wan("wan2.2_i2v_high_noise", 36, 16, 0),
                wan("wan2.2_ti2v_5B", 48, 48, 0),
                hunyuan("hunyuan_video_t2v_720p", 16, true),
                hunyuan("hunyuan_video_I2V_720p", 33, false),
                hunyuan15("hunyuanvideo1.5_480p_t2v", false),
                hunyuan15("hunyuanvideo1.5_480p_i2v", true),
                new TransformerRelease(
                        "ltx-video-2b-v0.9",
                        new LtxFamily(),
                        new LtxTransformer(new LtxConfig(128, DIM, 64, 32, 2, TEXT_WIDTH, FREQUENCIES, false))),
                cog("CogVideoX-2b", LAYERS_OF_COGVIDEOX_2B, 1, new Positions.Added()),
                cog("CogVideoX-5b", 2, 1, new Positions.Stretched(30, 45)),
                cog("CogVideoX1.5-5B", 2, 2, new Positions.Counted()),
                new TransformerRelease(
                        "Latte-1",
                        new LatteFamily(),
                        new LatteTransformer(new LatteConfig(4, 8, 64, 128, 16, 2, TEXT_WIDTH, FREQUENCIES, 64))));
    }

    private static TransformerRelease wan(String name, int in, int out, int imageDim) {
        return new TransformerRelease(
                name,
                new WanFamily(),
                new WanTransformer(
                        new WanConfig(in, out, DIM, 64, 1, 2, TEXT_WIDTH, FREQUENCIES, 512, imageDim, in == 48)));
    }

    private static TransformerRelease hunyuan(String name, int in, boolean guidance) {
        HunyuanConfig config =
                new HunyuanConfig(in, 16, 2, DIM, 1, new HunyuanConfig.Depth(1, 1, 1), TEXT_WIDTH, FREQUENCIES, ROPE);
        return new TransformerRelease(
                name, new HunyuanVideoFamily(), new HunyuanVideoTransformer(config, TEXT_WIDTH, guidance));
    }

    private static TransformerRelease hunyuan15(String name, boolean image) {
        HunyuanConfig config =
                new HunyuanConfig(65, 32, 1, DIM, 1, new HunyuanConfig.Depth(1, 2, 0), TEXT_WIDTH, FREQUENCIES, ROPE);
        return new TransformerRelease(
                name,
                new HunyuanVideo15Family(),
                new HunyuanVideo15Transformer(
                        config,
                        new HunyuanVideo15Transformer.Widths(GLYPH_WIDTH, 64, 64),
                        false,
                        new HunyuanVideo15Transformer.Release(false, image, false)));
    }

    private static TransformerRelease cog(String name, int layers, int patchFrames, Positions positions) {
        int dim = layers == LAYERS_OF_COGVIDEOX_2B ? 16 : 64;
        return new TransformerRelease(
                name,
                new CogVideoXFamily(),
                new CogVideoXTransformer(new CogVideoXConfig(
                        16,
                        dim,
                        2 * dim,
                        1,
                        layers,
                        TEXT_WIDTH,
                        226,
                        64,
                        patchFrames,
                        positions,
                        CogVideoXConfig.ImageInput.NONE)));
    }
}
