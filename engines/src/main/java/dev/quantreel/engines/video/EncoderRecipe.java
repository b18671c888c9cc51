package dev.quantreel.engines.video;

import java.util.Map;

/// How FFmpeg makes one format: names of muxer and encoder, filters in front, options.
///
/// @param filters what turns enlarged RGB pictures into what the encoder takes
/// @param bt709 whether the stream is tagged as BT.709 limited range
record EncoderRecipe(
        String muxer,
        String encoder,
        String filters,
        boolean bt709,
        Map<String, String> encoderOptions,
        Map<String, String> muxerOptions) {

    private static final String TO_YUV420 = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=black,"
            + "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p";

    static EncoderRecipe of(VideoOptions options) {
        int quality = options.quality();
        return switch (options.format()) {
            case MP4 -> h264(quality);
            case WEBM -> vp9(quality);
            case WEBP -> webp(quality);
            case GIF -> gif();
        };
    }

    private static EncoderRecipe h264(int quality) {
        // A fixed quantizer: 12 is close to lossless, 45 blocky; OpenH264's own rate control starves short clips.
        String quantizer = Integer.toString(Math.round(45 - 0.33f * quality));
        return new EncoderRecipe(
                "mp4",
                "libopenh264",
                TO_YUV420,
                true,
                Map.of("rc_mode", "off", "qmin", quantizer, "qmax", quantizer, "profile", "high", "g", "48"),
                Map.of("movflags", "use_metadata_tags+faststart"));
    }

    private static EncoderRecipe vp9(int quality) {
        String crf = Integer.toString(Math.round(60 - 0.5f * quality));
        return new EncoderRecipe(
                "webm",
                "libvpx-vp9",
                TO_YUV420,
                true,
                Map.of("crf", crf, "b", "0", "deadline", "good", "cpu-used", "4", "row-mt", "1", "g", "48"),
                Map.of());
    }

    private static EncoderRecipe webp(int quality) {
        return new EncoderRecipe(
                "webp",
                "libwebp_anim",
                "format=bgra",
                false,
                Map.of("quality", Integer.toString(quality), "compression_level", "4", "loop", "0"),
                Map.of("loop", "0"));
    }

    private static EncoderRecipe gif() {
        return new EncoderRecipe(
                "gif",
                "gif",
                "split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a",
                false,
                Map.of(),
                Map.of("loop", "0"));
    }
}
