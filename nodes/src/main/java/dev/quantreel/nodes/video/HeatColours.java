package dev.quantreel.nodes.video;

/// A colour scale from black over purple and orange to pale yellow, monotone in lightness: readable in grey and for
/// colour-blind eyes.
public final class HeatColours {

    private static final int[][] STOPS = {{0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}};

    private HeatColours() {}

    /// The colour of a value in [0, 1] as 0xRRGGBB; values outside take the end colours.
    public static int rgb(double value) {
        double position = Math.clamp(value, 0, 1) * (STOPS.length - 1);
        int lower = Math.min((int) position, STOPS.length - 2);
        double share = position - lower;
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
            double mixed = STOPS[lower][channel] * (1 - share) + STOPS[lower + 1][channel] * share;
            rgb = rgb << 8 | (int) Math.round(mixed);
        }
        return rgb;
    }
}
