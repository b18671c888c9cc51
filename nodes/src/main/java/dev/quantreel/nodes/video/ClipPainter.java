package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Converts between frames and Java pictures, and paints clips side by side.
public final class ClipPainter {

    private static final int CAPTION_HEIGHT = 26;
    private static final int GAP = 8;
    private static final Color PAPER = Color.WHITE;
    private static final Color INK = new Color(0x1F2937);

    private ClipPainter() {}

    /// One frame, each pixel repeated `scale` times in both directions.
    public static BufferedImage image(Frames frames, int index, int scale) {
        byte[] rgb = frames.rgb24(index);
        int width = frames.width();
        BufferedImage image = new BufferedImage(width * scale, frames.height() * scale, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int at = ((y / scale) * width + x / scale) * 3;
                image.setRGB(x, y, (rgb[at] & 0xFF) << 16 | (rgb[at + 1] & 0xFF) << 8 | rgb[at + 2] & 0xFF);
            }
        }
        return image;
    }

    /// A picture as a clip of one frame.
    public static Frames frames(BufferedImage image) {
        return Frames.ofBytes(1, image.getHeight(), image.getWidth(), rgb24(image));
    }

    /// A picture's packed RGB.
    static byte[] rgb24(BufferedImage image) {
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int pixel = image.getRGB(x, y);
                rgb[at++] = (byte) (pixel >> 16);
                rgb[at++] = (byte) (pixel >> 8);
                rgb[at++] = (byte) pixel;
            }
        }
        return rgb;
    }

    /// Where two clips differ: the mean absolute difference of the three channels times `gain`, in [HeatColours].
    static Frames difference(Frames reference, Frames candidate, double gain) {
        byte[] heat = new byte[reference.count() * reference.valuesPerFrame()];
        int at = 0;
        for (int t = 0; t < reference.count(); t++) {
            float[] a = reference.frame(t);
            float[] b = candidate.frame(t);
            for (int i = 0; i < a.length; i += 3) {
                double sum = 0;
                for (int channel = 0; channel < 3; channel++) {
                    sum += Math.abs(Math.clamp(a[i + channel], 0f, 1f) - Math.clamp(b[i + channel], 0f, 1f));
                }
                int rgb = HeatColours.rgb(gain * sum / 3);
                heat[at++] = (byte) (rgb >> 16);
                heat[at++] = (byte) (rgb >> 8);
                heat[at++] = (byte) rgb;
            }
        }
        return Frames.ofBytes(reference.count(), reference.height(), reference.width(), heat);
    }

    /// A clip with a caption above it.
    record Panel(String caption, Frames frames) {}

    /// Panels of equal size in a row on white, with captions.
    ///
    /// @param scale factor by which pixels are repeated
    static Frames row(List<Panel> panels, int scale) {
        Frames first = panels.getFirst().frames();
        int width = panels.size() * first.width() * scale + (panels.size() + 1) * GAP;
        int height = first.height() * scale + CAPTION_HEIGHT + GAP;
        // Even sides, so that no encoder has to pad.
        int evenWidth = width + (width & 1);
        int evenHeight = height + (height & 1);
        byte[] rgb = new byte[first.count() * evenWidth * evenHeight * 3];
        for (int t = 0; t < first.count(); t++) {
            BufferedImage canvas = new BufferedImage(evenWidth, evenHeight, BufferedImage.TYPE_INT_RGB);
            paint(canvas, panels, t, scale);
            byte[] picture = rgb24(canvas);
            System.arraycopy(picture, 0, rgb, t * picture.length, picture.length);
        }
        return Frames.ofBytes(first.count(), evenHeight, evenWidth, rgb);
    }

    /// Panels of equal size in rows of so many.
    static Frames grid(List<Panel> panels, int columns, int scale) {
        List<Frames> rows = new ArrayList<>();
        for (int from = 0; from < panels.size(); from += columns) {
            rows.add(row(panels.subList(from, Math.min(panels.size(), from + columns)), scale));
        }
        int width = rows.getFirst().width();
        int rowHeight = rows.getFirst().height();
        int count = rows.getFirst().count();
        byte[] rgb = new byte[count * rows.size() * rowHeight * width * 3];
        Arrays.fill(rgb, (byte) 0xFF);
        for (int t = 0; t < count; t++) {
            for (int r = 0; r < rows.size(); r++) {
                byte[] picture = rows.get(r).rgb24(t);
                int rowBytes = rows.get(r).width() * 3;
                for (int y = 0; y < rowHeight; y++) {
                    int line = (t * rows.size() + r) * rowHeight + y;
                    System.arraycopy(picture, y * rowBytes, rgb, line * width * 3, rowBytes);
                }
            }
        }
        return Frames.ofBytes(count, rows.size() * rowHeight, width, rgb);
    }

    private static void paint(BufferedImage canvas, List<Panel> panels, int frame, int scale) {
        Graphics2D graphics = canvas.createGraphics();
        try {
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setColor(PAPER);
            graphics.fillRect(0, 0, canvas.getWidth(), canvas.getHeight());
            graphics.setColor(INK);
            int x = GAP;
            for (Panel panel : panels) {
                BufferedImage picture = image(panel.frames(), frame, scale);
                graphics.setClip(x, 0, picture.getWidth(), canvas.getHeight());
                if (Lettering.isPossible()) {
                    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
                    graphics.drawString(panel.caption(), x, CAPTION_HEIGHT - 8);
                }
                graphics.drawImage(picture, x, CAPTION_HEIGHT, null);
                x += picture.getWidth() + GAP;
            }
        } finally {
            graphics.dispose();
        }
    }
}
