package dev.quantreel.engines.judge;

import java.util.List;

/// Named colours of the demo model's clips, 8 bits per channel.
record Palette(List<Entry> entries) {

    /// Object colours; values of `tools/demo-model/data.py`.
    static final Palette COLOURS = new Palette(List.of(
            Entry.of("red", 0.90, 0.10, 0.10),
            Entry.of("green", 0.10, 0.70, 0.15),
            Entry.of("blue", 0.15, 0.30, 0.95),
            Entry.of("yellow", 0.95, 0.90, 0.15),
            Entry.of("orange", 0.98, 0.50, 0.05),
            Entry.of("purple", 0.55, 0.15, 0.75),
            Entry.of("cyan", 0.15, 0.85, 0.90),
            Entry.of("pink", 0.98, 0.50, 0.75)));

    /// Background colours.
    static final Palette BACKGROUNDS = new Palette(List.of(
            Entry.of("black", 0.04, 0.04, 0.04),
            Entry.of("white", 0.95, 0.95, 0.95),
            Entry.of("gray", 0.50, 0.50, 0.50),
            Entry.of("navy", 0.05, 0.08, 0.30)));

    /// One colour.
    record Entry(String name, Rgb rgb) {

        private static Entry of(String name, double red, double green, double blue) {
            return new Entry(name, new Rgb(level(red), level(green), level(blue)));
        }

        private static int level(double value) {
            return (int) Math.floor(value * 255 + 0.5);
        }
    }

    /// Three levels of 0 to 255, or their differences.
    record Rgb(int red, int green, int blue) {

        Rgb minus(Rgb other) {
            return new Rgb(red - other.red, green - other.green, blue - other.blue);
        }

        int dot(Rgb other) {
            return red * other.red + green * other.green + blue * other.blue;
        }

        /// Sum of the magnitudes.
        int absSum() {
            return Math.abs(red) + Math.abs(green) + Math.abs(blue);
        }

        /// Largest magnitude.
        int absMax() {
            return Math.max(Math.abs(red), Math.max(Math.abs(green), Math.abs(blue)));
        }
    }

    /// Name of the entry at the least sum of channel differences; the first of several.
    String nearest(Rgb rgb) {
        Entry best = entries.getFirst();
        for (Entry entry : entries) {
            if (entry.rgb().minus(rgb).absSum() < best.rgb().minus(rgb).absSum()) {
                best = entry;
            }
        }
        return best.name();
    }
}
