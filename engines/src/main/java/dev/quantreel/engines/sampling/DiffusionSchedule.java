package dev.quantreel.engines.sampling;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// The noise levels of models trained as a variance-preserving diffusion (DDPM, Ho et al. 2020, arXiv 2006.11239): a
/// table of 1000 times t with a share ᾱ_t of the clean latent's variance, of which a sampler runs every so-manieth. The
/// level at time t is √(1 − ᾱ_t). With [Euler] this is DDIM (Song et al. 2020, arXiv 2010.02502).
///
/// @param betas how noise grows over the table, and which times are run
/// @param shift s divides the signal-to-noise ratio of every level (`snr_shift_scale`): 3 for CogVideoX 2B, 1 for 5B
public record DiffusionSchedule(Betas betas, double shift) implements SigmaSchedule {

    /// How the noise that each time adds grows.
    public enum Betas {
        /// CogVideoX: square roots evenly from √0.00085 to √0.012, then rescaled so that the last level is noise alone
        /// (Lin et al. 2023, arXiv 2305.08891). Runs from the last time on ("trailing").
        SCALED_LINEAR_TO_NOISE,
        /// Latte: evenly from 0.0001 to 0.02. Runs down to the first time ("leading").
        LINEAR
    }

    public DiffusionSchedule {
        SigmaSchedule.requireShift(shift);
    }

    @Override
    public double[] unshifted(int steps) {
        double[] table = new DiffusionSchedule(betas, 1).table();
        return times(steps).mapToDouble(time -> table[time]).toArray();
    }

    @Override
    public double[] sigmas(int steps) {
        if (steps < 1 || steps > MAX_STEPS) {
            throw new IllegalArgumentException("steps is " + steps + ", expected 1 to " + MAX_STEPS);
        }
        double[] table = table();
        return DoubleStream.concat(times(steps).mapToDouble(time -> table[time]), DoubleStream.of(0))
                .toArray();
    }

    /// The time whose level is closest.
    @Override
    public float timestep(double sigma) {
        double[] table = table();
        int closest = 0;
        for (int time = 1; time < table.length; time++) {
            if (Math.abs(table[time] - sigma) < Math.abs(table[closest] - sigma)) {
                closest = time;
            }
        }
        return closest;
    }

    /// Times of the steps, descending.
    private IntStream times(int steps) {
        return switch (betas) {
            case SCALED_LINEAR_TO_NOISE ->
                IntStream.range(0, steps).map(i -> (int) Math.rint(MAX_STEPS - i * ((double) MAX_STEPS / steps)) - 1);
            case LINEAR -> IntStream.range(0, steps).map(i -> (steps - 1 - i) * (MAX_STEPS / steps));
        };
    }

    /// Level of every time, ascending.
    private double[] table() {
        double[] clean = new double[MAX_STEPS];
        double product = 1;
        for (int time = 0; time < MAX_STEPS; time++) {
            product *= 1 - beta((double) time / (MAX_STEPS - 1));
            clean[time] = product / (shift + (1 - shift) * product);
        }
        return switch (betas) {
            case SCALED_LINEAR_TO_NOISE -> levels(toNoise(clean));
            case LINEAR -> levels(clean);
        };
    }

    private double beta(double fraction) {
        return switch (betas) {
            case SCALED_LINEAR_TO_NOISE -> {
                double root = Math.sqrt(0.00085) + fraction * (Math.sqrt(0.012) - Math.sqrt(0.00085));
                yield root * root;
            }
            case LINEAR -> 0.0001 + fraction * (0.02 - 0.0001);
        };
    }

    /// Moves the roots so that the last is 0 and the first stays.
    private static double[] toNoise(double[] clean) {
        double first = Math.sqrt(clean[0]);
        double last = Math.sqrt(clean[MAX_STEPS - 1]);
        return DoubleStream.of(clean)
                .map(share -> (Math.sqrt(share) - last) * first / (first - last))
                .map(root -> root * root)
                .toArray();
    }

    private static double[] levels(double[] clean) {
        return DoubleStream.of(clean).map(share -> Math.sqrt(1 - share)).toArray();
    }
}
