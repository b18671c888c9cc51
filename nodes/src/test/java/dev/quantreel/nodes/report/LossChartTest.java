package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quantreel.engines.distillation.ErrorTraining.Point;
import dev.quantreel.nodes.video.Lettering;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LossChartTest {

    private static List<Point> curve(int steps, double fall) {
        List<Point> curve = new ArrayList<>();
        for (int stage = 0; stage < 2; stage++) {
            for (int step = 0; step <= steps; step++) {
                double loss = 0.5 * Math.exp(-fall * step);
                if (step % 10 == 0) {
                    curve.add(new Point(stage, step, loss, 0, loss));
                }
                curve.add(new Point(stage, step, loss, 0, Double.NaN));
            }
        }
        return curve;
    }

    @Test
    void anEmptyCurveIsABlankPicture() {
        BufferedImage image = new LossChart(List.of(), 100, 0).image();

        assertThat(image.getRGB(50, 50)).isEqualTo(0xFFFFFFFF);
    }

    @Test
    void aStateBeforeTheFirstWindowIsDrawnToo() {
        assertThat(new LossChart(curve(0, 0.1), 100, 0).image().getWidth()).isEqualTo(900);
    }

    @Test
    void anotherFallIsAnotherPicture() {
        assumeThat(Lettering.isPossible()).isTrue();
        BufferedImage fast = new LossChart(curve(60, 0.1), 60, 100).image();
        BufferedImage slow = new LossChart(curve(60, 0.01), 60, 100).image();

        int differing = 0;
        for (int x = 0; x < fast.getWidth(); x++) {
            for (int y = 0; y < fast.getHeight(); y++) {
                differing += fast.getRGB(x, y) == slow.getRGB(x, y) ? 0 : 1;
            }
        }
        assertThat(differing).isGreaterThan(500);
    }
}
