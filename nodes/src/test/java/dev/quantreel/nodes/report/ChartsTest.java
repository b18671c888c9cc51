package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ChartsTest {

    @Test
    void theTimelineShowsCurveBitsAndHits() throws Exception {
        BufferedImage image = Charts.timeline("δ-GBS and TeaCache, 20 steps", steps(true, true));
        keep("timeline.png", image);

        assertThat(count(image, 0x2563EB)).as("curve").isGreaterThan(500);
        assertThat(count(image, 0xEA580C)).as("bits").isGreaterThan(500);
        assertThat(count(image, 0x059669)).as("cache hits").isGreaterThan(50);
    }

    @Test
    void aRunWithoutQuantizationOrCacheHasNoBitsAndNoHits() {
        BufferedImage image = Charts.timeline("full precision", steps(false, false));

        assertThat(count(image, 0x2563EB)).isGreaterThan(500);
        assertThat(count(image, 0xEA580C)).isZero();
        assertThat(count(image, 0x059669)).isZero();
    }

    @Test
    void layersAreDrawnAsBarsAndMarkers() throws Exception {
        List<String> layers = new ArrayList<>();
        for (int block = 0; block < 5; block++) {
            for (String linear : List.of("self_attn.q", "self_attn.k", "self_attn.v", "ffn.0", "ffn.2")) {
                layers.add("blocks." + block + "." + linear);
            }
        }
        BufferedImage image = Charts.layers(
                "Output SQNR per layer, W4A4",
                "SQNR, dB",
                layers,
                List.of(
                        new Charts.LayerSeries("both", wave(25, 14)),
                        new Charts.LayerSeries("weights only", wave(25, 19)),
                        new Charts.LayerSeries("activations only", wave(25, 16))));
        keep("layers.png", image);

        assertThat(count(image, 0x93C5FD)).isGreaterThan(20_000);
        assertThat(count(image, 0xEA580C)).isGreaterThan(25 * 20);
    }

    private static List<Charts.Step> steps(boolean quantized, boolean cache) {
        return IntStream.range(0, 20)
                .mapToObj(i -> new Charts.Step(
                        i,
                        i == 0 ? Double.NaN : 0.05 + 0.002 * (i - 10) * (i - 10),
                        quantized && !(cache && i % 3 == 2) ? (i % 4 == 0 ? 8 : 4) : 0,
                        cache && i % 3 == 2))
                .toList();
    }

    private static List<Double> wave(int count, double level) {
        return IntStream.range(0, count).mapToObj(i -> level + 2 * Math.sin(i)).toList();
    }

    private static long count(BufferedImage image, int rgb) {
        return IntStream.of(image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth()))
                .filter(pixel -> (pixel & 0xFFFFFF) == rgb)
                .count();
    }

    private static void keep(String name, BufferedImage image) throws Exception {
        Path folder = Files.createDirectories(Path.of("target/plots"));
        ImageIO.write(image, "png", folder.resolve(name).toFile());
    }
}
