package dev.quantreel.nodes.report;

import dev.quantreel.engines.sampling.SamplingTrace.BlockBits;
import dev.quantreel.engines.sampling.SamplingTrace.Blocks;
import dev.quantreel.nodes.video.HeatColours;
import dev.quantreel.nodes.video.Lettering;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

/// The bits of every block at every step: blocks down, steps across, a picture for each branch of guidance below the
/// other. What a step cache answered is grey.
///
/// @param steps one for each step
record BlockBitsChart(List<Blocks> steps) {

    private static final int LEFT = 250;
    private static final int TITLE = 34;
    private static final int PLOT_WIDTH = 800;
    private static final int PLOT_HEIGHT = 480;
    private static final int LEAST_ROW = 4;
    private static final int MOST_ROW = 16;
    private static final int LETTER_HEIGHT = 11;
    private static final int BAR = 50;
    private static final Color INK = new Color(0x1F2937);
    private static final Color SKIPPED = new Color(0xD1D5DB);

    /// Below an existing picture.
    BufferedImage below(BufferedImage upper) {
        BufferedImage own = image();
        BufferedImage both = new BufferedImage(
                Math.max(upper.getWidth(), own.getWidth()),
                upper.getHeight() + own.getHeight(),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = both.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, both.getWidth(), both.getHeight());
        graphics.drawImage(upper, 0, 0, null);
        graphics.drawImage(own, 0, upper.getHeight(), null);
        graphics.dispose();
        return both;
    }

    private BufferedImage image() {
        int blocks = steps.getFirst().names().size();
        int rowHeight = Math.clamp(PLOT_HEIGHT / blocks, LEAST_ROW, MOST_ROW);
        int cell = Math.max(1, PLOT_WIDTH / steps.size());
        boolean guided =
                steps.stream().anyMatch(step -> !step.unconditional().bits().isEmpty());
        int plotHeight = TITLE + blocks * rowHeight + LETTER_HEIGHT;
        BufferedImage image = new BufferedImage(
                LEFT + steps.size() * cell + BAR, plotHeight * (guided ? 2 : 1) + BAR, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        Plot plot = new Plot(graphics, rowHeight, cell);
        paint(plot, 0, "bits of the blocks, conditional branch", Blocks::conditional);
        if (guided) {
            paint(plot, plotHeight, "bits of the blocks, unconditional branch", Blocks::unconditional);
        }
        legend(graphics, plotHeight * (guided ? 2 : 1));
        graphics.dispose();
        return image;
    }

    private record Plot(Graphics2D graphics, int rowHeight, int cell) {}

    private void paint(Plot plot, int top, String title, Function<Blocks, BlockBits> branch) {
        List<String> names = steps.getFirst().names();
        for (int x = 0; x < steps.size(); x++) {
            List<Integer> bits = branch.apply(steps.get(x)).bits();
            for (int y = 0; y < names.size(); y++) {
                plot.graphics.setColor(bits.isEmpty() ? SKIPPED : colour(bits.get(y)));
                plot.graphics.fillRect(
                        LEFT + x * plot.cell, top + TITLE + y * plot.rowHeight, plot.cell, plot.rowHeight);
            }
        }
        if (!Lettering.isPossible()) {
            return;
        }
        plot.graphics.setColor(INK);
        plot.graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
        plot.graphics.drawString(title, LEFT, top + TITLE - 10);
        plot.graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, LETTER_HEIGHT));
        int every = Math.ceilDiv(LETTER_HEIGHT + 1, plot.rowHeight);
        for (int y = 0; y < names.size(); y += every) {
            int width = plot.graphics.getFontMetrics().stringWidth(names.get(y));
            plot.graphics.drawString(names.get(y), LEFT - 8 - width, top + TITLE + y * plot.rowHeight + LETTER_HEIGHT);
        }
    }

    private void legend(Graphics2D graphics, int top) {
        TreeSet<Integer> seen = new TreeSet<>();
        steps.stream()
                .flatMap(step -> Stream.of(step.conditional(), step.unconditional()))
                .forEach(branch -> seen.addAll(branch.bits()));
        int x = LEFT;
        for (int bits : seen) {
            graphics.setColor(colour(bits));
            graphics.fillRect(x, top + 12, 18, 18);
            if (Lettering.isPossible()) {
                graphics.setColor(INK);
                graphics.drawString(bits + " bits", x + 24, top + 26);
            }
            x += 90;
        }
    }

    private static Color colour(int bits) {
        return new Color(HeatColours.rgb(bits / 10.0));
    }
}
