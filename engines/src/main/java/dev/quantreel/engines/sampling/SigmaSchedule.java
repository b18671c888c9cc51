package dev.quantreel.engines.sampling;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// The noise levels of a flow-matching sampler: descending from about 1 to 0, shifted towards noise.
///
/// A latent at level σ is (1 − σ)·clean + σ·noise. The shift s maps σ to s·σ / (1 + (s − 1)·σ).
public sealed interface SigmaSchedule {

    /// Names that [#named] knows, the usual one first.
    List<String> NAMES = List.of("linear", "simple", "normal", "unipc");

    /// Most steps; ComfyUI's tables have so many levels.
    int MAX_STEPS = 1000;

    /// Shift s; 1 shifts nothing.
    double shift();

    /// The levels before shifting, `steps` of them, descending.
    double[] unshifted(int steps);

    /// The levels of all steps and the final 0: `steps + 1` values.
    ///
    /// @throws IllegalArgumentException when `steps` is not between 1 and 1000
    default double[] sigmas(int steps) {
        if (steps < 1 || steps > MAX_STEPS) {
            throw new IllegalArgumentException("steps is " + steps + ", expected 1 to " + MAX_STEPS);
        }
        double[] levels = unshifted(steps);
        double[] sigmas = new double[steps + 1];
        for (int i = 0; i < steps; i++) {
            sigmas[i] = shifted(shift(), levels[i]);
        }
        return sigmas;
    }

    /// What the model gets as its time at level `sigma`.
    default float timestep(double sigma) {
        return (float) (1000 * sigma);
    }

    /// The schedule called `name` in workflows.
    ///
    /// @throws IllegalArgumentException when there is none; the message lists all
    static SigmaSchedule named(String name, double shift) {
        return switch (name) {
            case "linear" -> new Linear(shift);
            case "simple" -> new Simple(shift);
            case "normal" -> new Normal(shift);
            case "unipc" -> new UniPcBase(shift);
            default ->
                throw new IllegalArgumentException(
                        "no sigma schedule '" + name + "'; there are " + String.join(", ", NAMES));
        };
    }

    /// Wan's and HunyuanVideo's own: 1 − i/n.
    record Linear(double shift) implements SigmaSchedule {

        public Linear {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return levels(steps, i -> 1 - i / steps);
        }
    }

    /// ComfyUI's `simple`: every so-manieth of a table of 1000 levels.
    record Simple(double shift) implements SigmaSchedule {

        public Simple {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return levels(steps, i -> (MAX_STEPS - (int) (i * MAX_STEPS / steps)) / (double) MAX_STEPS);
        }
    }

    /// ComfyUI's `normal` and the default of diffusers' FlowMatchEuler: evenly spaced timesteps from that of level 1
    /// to that of the table's least level, shifted once more.
    record Normal(double shift) implements SigmaSchedule {

        public Normal {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            double least = shifted(shift, 1.0 / MAX_STEPS);
            return levels(steps, i -> steps == 1 ? 1 : 1 + (least - 1) * i / (steps - 1));
        }
    }

    /// The base of Wan's UniPC: from 0.999 evenly to 0, timesteps cut to whole numbers.
    record UniPcBase(double shift) implements SigmaSchedule {

        public UniPcBase {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return levels(steps, i -> 0.999 * (1 - i / steps));
        }

        @Override
        public float timestep(double sigma) {
            return (float) Math.floor(1000 * sigma);
        }
    }

    private static double shifted(double shift, double sigma) {
        return shift * sigma / (1 + (shift - 1) * sigma);
    }

    private static double[] levels(int steps, DoubleUnaryOperator level) {
        return IntStream.range(0, steps)
                .mapToDouble(i -> level.applyAsDouble(i))
                .toArray();
    }

    private static void requireShift(double shift) {
        if (!(shift > 0 && shift <= 1000)) {
            throw new IllegalArgumentException("the sigma shift is " + shift + ", expected more than 0, 1000 at most");
        }
    }
}
