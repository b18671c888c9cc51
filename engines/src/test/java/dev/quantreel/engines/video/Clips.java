package dev.quantreel.engines.video;

/// Small synthetic clips for tests of encoders.
final class Clips {

    private Clips() {}

    /// An orange disc that moves right over a blue gradient.
    static Frames movingDisc(int count, int height, int width) {
        byte[] rgb = new byte[count * height * width * 3];
        int at = 0;
        for (int t = 0; t < count; t++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    double distance = Math.hypot(x - width / 4.0 - 2 * t, y - height / 2.0);
                    double inside = Math.clamp(height / 5.0 - distance, 0, 1);
                    rgb[at++] = (byte) Math.round(230 * inside + 30 * (1 - inside));
                    rgb[at++] = (byte) Math.round(140 * inside + 60 * (1 - inside));
                    rgb[at++] = (byte) Math.round(40 * inside + (80 + 100.0 * y / height) * (1 - inside));
                }
            }
        }
        return Frames.ofBytes(count, height, width, rgb);
    }

    /// Whole-clip PSNR in decibels of two clips of equal size, over 8-bit values.
    static double psnr(Frames a, Frames b) {
        double sum = 0;
        for (int t = 0; t < a.count(); t++) {
            byte[] first = a.rgb24(t);
            byte[] second = b.rgb24(t);
            for (int i = 0; i < first.length; i++) {
                double difference = (first[i] & 0xFF) - (second[i] & 0xFF);
                sum += difference * difference;
            }
        }
        double mse = sum / ((double) a.count() * a.valuesPerFrame());
        return 10 * Math.log10(255.0 * 255.0 / mse);
    }

    /// Each pixel repeated `scale` times in both directions.
    static Frames enlarged(Frames frames, int scale) {
        int width = frames.width() * scale;
        int height = frames.height() * scale;
        byte[] rgb = new byte[frames.count() * height * width * 3];
        int at = 0;
        for (int t = 0; t < frames.count(); t++) {
            byte[] picture = frames.rgb24(t);
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width * 3; x++) {
                    int column = x / 3 / scale;
                    rgb[at++] = picture[((y / scale) * frames.width() + column) * 3 + x % 3];
                }
            }
        }
        return Frames.ofBytes(frames.count(), height, width, rgb);
    }
}
