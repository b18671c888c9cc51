package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.stream.IntStream;

/// How far colours are apart for the eye, pixel by pixel: CIE 1976 ΔE in CIELAB (white D65) of sRGB values. About 2
/// is just noticeable.
public final class LabDistance {

    /// Linear sRGB to XYZ over the white of D65, from IEC 61966-2-1's primaries.
    private static final double[][] XYZ = {
        {0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047},
        {0.2126729, 0.7151522, 0.0721750},
        {0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883}
    };

    private static final double EDGE = 6.0 / 29;

    private LabDistance() {}

    /// Mean over pixels and frames.
    ///
    /// @throws IllegalArgumentException when the clips differ in shape
    public static double of(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        return IntStream.range(0, reference.count())
                .parallel()
                .mapToDouble(i -> mean(ComparedClips.pixels(reference, i), ComparedClips.pixels(test, i)))
                .average()
                .orElseThrow();
    }

    private static double mean(double[] a, double[] b) {
        double sum = 0;
        for (int at = 0; at < a.length; at += 3) {
            double[] p = lab(a, at);
            double[] q = lab(b, at);
            sum += Math.sqrt(square(p[0] - q[0]) + square(p[1] - q[1]) + square(p[2] - q[2]));
        }
        return sum / (a.length / 3.0);
    }

    private static double[] lab(double[] rgb, int at) {
        double red = linear(rgb[at]);
        double green = linear(rgb[at + 1]);
        double blue = linear(rgb[at + 2]);
        double[] f = new double[3];
        for (int i = 0; i < 3; i++) {
            f[i] = response(XYZ[i][0] * red + XYZ[i][1] * green + XYZ[i][2] * blue);
        }
        return new double[] {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
    }

    private static double linear(double value) {
        return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    }

    private static double response(double value) {
        return value > EDGE * EDGE * EDGE ? Math.cbrt(value) : value / (3 * EDGE * EDGE) + 4.0 / 29;
    }

    private static double square(double value) {
        return value * value;
    }
}
