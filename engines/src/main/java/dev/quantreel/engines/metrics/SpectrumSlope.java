package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// How fast the power of a clip's pictures falls with spatial frequency: about -2 for photographs, 0 for white
/// noise. A sign of collapse that needs no reference.
public final class SpectrumSlope {

    /// Rows and columns a frame must have.
    public static final int LEAST_SIDE = 8;

    private SpectrumSlope() {}

    /// Slope of the straight line through log10 of power over log10 of frequency, by least squares over the
    /// frequencies 1 to n / 2: luma of the middle n x n pixels, n the largest power of two that fits, less its
    /// mean, under a periodic Hann window in both directions; its discrete Fourier transform's squared magnitudes,
    /// averaged over the frequencies whose distance from 0 rounds to the same whole number, and over the frames.
    /// NaN where some frequency has no power, as in flat pictures.
    ///
    /// @throws IllegalArgumentException when the frames are smaller than 8 x 8 pixels
    public static double of(Frames frames) {
        int side = Integer.highestOneBit(Math.min(frames.height(), frames.width()));
        if (side < LEAST_SIDE) {
            throw new IllegalArgumentException("the slope of the spectrum needs frames of at least 8 x 8 pixels, got "
                    + frames.width() + " x " + frames.height());
        }
        Fourier fourier = new Fourier(side);
        double[] power = new double[side / 2 + 1];
        for (int i = 0; i < frames.count(); i++) {
            addPower(windowed(frames, i, side), fourier, power);
        }
        return slope(power);
    }

    private static double[] windowed(Frames frames, int index, int side) {
        double[] pixels = ComparedClips.pixels(frames, index);
        int top = (frames.height() - side) / 2;
        int left = (frames.width() - side) / 2;
        double[] luma = new double[side * side];
        double mean = 0;
        for (int i = 0; i < luma.length; i++) {
            int at = ((top + i / side) * frames.width() + left + i % side) * 3;
            luma[i] = ComparedClips.luma(pixels, at);
            mean += luma[i] / luma.length;
        }
        for (int i = 0; i < luma.length; i++) {
            luma[i] = (luma[i] - mean) * hann(i / side, side) * hann(i % side, side);
        }
        return luma;
    }

    private static double hann(int at, int side) {
        return 0.5 - 0.5 * Math.cos(2 * Math.PI * at / side);
    }

    /// Adds the mean power of every ring of frequencies.
    private static void addPower(double[] real, Fourier fourier, double[] power) {
        double[] imaginary = new double[real.length];
        int side = fourier.count;
        for (int i = 0; i < side; i++) {
            fourier.transform(real, imaginary, i * side, 1);
        }
        for (int i = 0; i < side; i++) {
            fourier.transform(real, imaginary, i, side);
        }
        double[] sums = new double[power.length];
        int[] members = new int[power.length];
        for (int i = 0; i < real.length; i++) {
            int down = i / side > side / 2 ? i / side - side : i / side;
            int across = i % side > side / 2 ? i % side - side : i % side;
            int ring = (int) Math.rint(Math.hypot(down, across));
            if (ring < sums.length) {
                sums[ring] += real[i] * real[i] + imaginary[i] * imaginary[i];
                members[ring]++;
            }
        }
        for (int ring = 0; ring < power.length; ring++) {
            power[ring] += sums[ring] / members[ring];
        }
    }

    private static double slope(double[] power) {
        int count = power.length - 1;
        double meanX = 0;
        double meanY = 0;
        for (int ring = 1; ring <= count; ring++) {
            meanX += Math.log10(ring) / count;
            meanY += Math.log10(power[ring]) / count;
        }
        double products = 0;
        double squares = 0;
        for (int ring = 1; ring <= count; ring++) {
            double x = Math.log10(ring) - meanX;
            products += x * (Math.log10(power[ring]) - meanY);
            squares += x * x;
        }
        double slope = products / squares;
        return Double.isFinite(slope) ? slope : Double.NaN;
    }

    /// The discrete Fourier transform of lines of one length, in place (Cooley and Tukey, radix 2).
    private static final class Fourier {

        private final int count;
        private final double[] cos;
        private final double[] sin;

        /// @param count of values, a power of two
        Fourier(int count) {
            this.count = count;
            this.cos = new double[count / 2];
            this.sin = new double[count / 2];
            for (int i = 0; i < count / 2; i++) {
                cos[i] = Math.cos(-2 * Math.PI * i / count);
                sin[i] = Math.sin(-2 * Math.PI * i / count);
            }
        }

        /// Values `start`, `start + stride`, ... of both arrays.
        void transform(double[] real, double[] imaginary, int start, int stride) {
            int shift = Integer.SIZE - Integer.numberOfTrailingZeros(count);
            for (int i = 0; i < count; i++) {
                int other = Integer.reverse(i) >>> shift;
                if (i < other) {
                    swap(real, start + i * stride, start + other * stride);
                    swap(imaginary, start + i * stride, start + other * stride);
                }
            }
            for (int half = 1; half < count; half *= 2) {
                for (int i = 0; i < count; i++) {
                    if ((i & half) == 0) {
                        int upper = start + i * stride;
                        int turn = (i & (half - 1)) * (count / 2 / half);
                        butterfly(real, imaginary, upper, upper + half * stride, turn);
                    }
                }
            }
        }

        private void butterfly(double[] real, double[] imaginary, int upper, int lower, int turn) {
            double turnedReal = cos[turn] * real[lower] - sin[turn] * imaginary[lower];
            double turnedImaginary = cos[turn] * imaginary[lower] + sin[turn] * real[lower];
            real[lower] = real[upper] - turnedReal;
            imaginary[lower] = imaginary[upper] - turnedImaginary;
            real[upper] += turnedReal;
            imaginary[upper] += turnedImaginary;
        }

        private static void swap(double[] values, int a, int b) {
            double value = values[a];
            values[a] = values[b];
            values[b] = value;
        }
    }
}
