package dev.quantreel.nodes.report;

import dev.quantreel.nodes.video.HeatColours;
import dev.quantreel.nodes.video.Lettering;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/// Layers down, steps across, one coloured cell each on a logarithmic scale, with a bar that explains the colours.
///
/// @param names one for each row
/// @param rows values above 0, equally many in each
record HeatMapChart(String title, List<String> names, List<List<Double>> rows) {

    private static final int LEFT = 250;
    private static final int TOP = 50;
    private static final int BAR = 110;
    private static final int BOTTOM = 50;
    private static final int PLOT_WIDTH = 800;
    private static final int LEAST_ROW = 4;
    private static final int MOST_ROW = 16;
    private static final int PLOT_HEIGHT = 640;
    private static final int LETTER_HEIGHT = 11;

    BufferedImage image() {
        int steps = rows.getFirst().size();
        int rowHeight = Math.clamp(PLOT_HEIGHT / rows.size(), LEAST_ROW, MOST_ROW);
        int cell = Math.max(1, PLOT_WIDTH / steps);
        int height = rows.size() * rowHeight;
        BufferedImage image =
                new BufferedImage(LEFT + steps * cell + BAR, TOP + height + BOTTOM, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        double least = logs(false);
        double most = Math.max(logs(true), least + 1e-9);
        for (int y = 0; y < rows.size(); y++) {
            for (int x = 0; x < steps; x++) {
                double share = (Math.log(rows.get(y).get(x)) - least) / (most - least);
                graphics.setColor(new Color(HeatColours.rgb(share)));
                graphics.fillRect(LEFT + x * cell, TOP + y * rowHeight, cell, rowHeight);
            }
        }
        int right = LEFT + steps * cell + 20;
        for (int y = 0; y < height; y++) {
            graphics.setColor(new Color(HeatColours.rgb(1 - (double) y / height)));
            graphics.fillRect(right, TOP + y, 18, 1);
        }
        if (Lettering.isPossible()) {
            letters(graphics, rowHeight, cell);
            graphics.drawString(number(Math.exp(most)), right + 24, TOP + LETTER_HEIGHT);
            graphics.drawString(number(Math.exp((most + least) / 2)), right + 24, TOP + height / 2);
            graphics.drawString(number(Math.exp(least)), right + 24, TOP + height);
        }
        graphics.dispose();
        return image;
    }

    private double logs(boolean largest) {
        var values = rows.stream().flatMap(List::stream).mapToDouble(Math::log);
        return (largest ? values.max() : values.min()).orElse(0);
    }

    private void letters(Graphics2D graphics, int rowHeight, int cell) {
        graphics.setColor(new Color(0x1F2937));
        graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
        graphics.drawString(title, LEFT, 30);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, LETTER_HEIGHT));
        int every = Math.ceilDiv(LETTER_HEIGHT + 1, rowHeight);
        for (int y = 0; y < names.size(); y += every) {
            String name = names.get(y);
            int width = graphics.getFontMetrics().stringWidth(name);
            graphics.drawString(name, LEFT - 8 - width, TOP + y * rowHeight + LETTER_HEIGHT);
        }
        int below = TOP + rows.size() * rowHeight + 16;
        int steps = rows.getFirst().size();
        for (int x = 0; x < steps; x += Math.max(1, steps / 16)) {
            graphics.drawString(Integer.toString(x), LEFT + x * cell + cell / 2 - 4, below);
        }
        graphics.drawString("sampler step", LEFT + steps * cell / 2 - 30, below + 20);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3g", value);
    }
}
