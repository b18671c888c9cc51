package dev.quantreel.engines.sampling;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// The noise levels of a sampler: descending from about 1 to 0, shifted towards noise.
///
/// All but [DiffusionSchedule] are those of flow models. A latent at level σ is (1 − σ)·clean + σ·noise there, and the
/// shift s maps σ to s·σ / (1 + (s − 1)·σ).
public sealed interface SigmaSchedule
        permits DiffusionSchedule,
                SigmaSchedule.Beta,
                SigmaSchedule.Linear,
                SigmaSchedule.Normal,
                SigmaSchedule.SgmUniform,
                SigmaSchedule.Simple,
                SigmaSchedule.Stretched,
                SigmaSchedule.UniPcBase,
                SigmaSchedule.UniPcOfDiffusers,
                SigmaSchedule.WholeLinear {

    /// Names that [#named] knows, the usual one first.
    List<String> NAMES = List.of(
            "linear",
            "simple",
            "normal",
            "sgm_uniform",
            "beta",
            "unipc",
            "unipc_diffusers",
            "dpmpp",
            "ltxv",
            "cogvideox",
            "latte");

    /// Most steps; ComfyUI's tables have so many levels.
    int MAX_STEPS = 1000;

    /// Shift s; 1 shifts nothing.
    double shift();

    /// The levels before shifting, `steps` of them, descending.
    double[] unshifted(int steps);

    /// The levels of all steps and the final 0: `steps + 1` values, or fewer where a schedule has not so many.
    ///
    /// @throws IllegalArgumentException when `steps` is not between 1 and 1000
    default double[] sigmas(int steps) {
        if (steps < 1 || steps > MAX_STEPS) {
            throw new IllegalArgumentException("steps is " + steps + ", expected 1 to " + MAX_STEPS);
        }
        double[] levels = unshifted(steps);
        double[] sigmas = new double[levels.length + 1];
        for (int i = 0; i < levels.length; i++) {
            sigmas[i] = shifted(shift(), levels[i]);
        }
        return sigmas;
    }

    /// What the model gets as its time at level `sigma`.
    default float timestep(double sigma) {
        return (float) (1000 * sigma);
    }

    /// The levels of all steps with the model's times.
    ///
    /// @param prediction of the model
    /// @throws IllegalArgumentException when `steps` is not between 1 and 1000, or when the levels are not those of
    /// such a model
    default NoiseLevels levels(int steps, Prediction prediction) {
        boolean isFlow = !(this instanceof DiffusionSchedule);
        if (isFlow != (prediction == Prediction.FLOW)) {
            throw new IllegalArgumentException(
                    isFlow
                            ? "these noise levels are those of flow models, and this one predicts " + prediction
                                    + "; accepted are cogvideox and latte, each with its model"
                            : "the noise levels cogvideox and latte are for models that predict V or EPSILON, and this"
                                    + " is a flow model; accepted is linear and others");
        }
        double[] sigmas = sigmas(steps);
        List<Float> timesteps = DoubleStream.of(sigmas)
                .limit(sigmas.length - 1L)
                .mapToObj(this::timestep)
                .toList();
        return new NoiseLevels(DoubleStream.of(sigmas).boxed().toList(), timesteps, prediction);
    }

    /// The schedule called `name` in workflows.
    ///
    /// @throws IllegalArgumentException when there is none; the message lists all
    static SigmaSchedule named(String name, double shift) {
        return switch (name) {
            case "linear" -> new Linear(shift);
            case "simple" -> new Simple(shift);
            case "normal" -> new Normal(shift);
            case "sgm_uniform" -> new SgmUniform(shift);
            case "beta" -> new Beta(shift);
            case "unipc" -> new UniPcBase(shift);
            case "unipc_diffusers" -> new UniPcOfDiffusers(shift);
            case "dpmpp" -> new WholeLinear(shift);
            case "ltxv" -> new Stretched(shift);
            case "cogvideox" -> new DiffusionSchedule(DiffusionSchedule.Betas.SCALED_LINEAR_TO_NOISE, shift);
            case "latte" -> new DiffusionSchedule(DiffusionSchedule.Betas.LINEAR, shift);
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
            return each(steps, i -> 1 - i / steps);
        }
    }

    /// ComfyUI's `simple`: every so-manieth of a table of 1000 levels.
    record Simple(double shift) implements SigmaSchedule {

        public Simple {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return each(steps, i -> (MAX_STEPS - (int) (i * MAX_STEPS / steps)) / (double) MAX_STEPS);
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
            return each(steps, i -> steps == 1 ? 1 : 1 + (least - 1) * i / (steps - 1));
        }
    }

    /// ComfyUI's `sgm_uniform`: evenly spaced timesteps like `normal`, but the least level is that of one step more,
    /// which is not run.
    record SgmUniform(double shift) implements SigmaSchedule {

        public SgmUniform {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            double least = shifted(shift, 1.0 / MAX_STEPS);
            return each(steps, i -> 1 + (least - 1) * i / steps);
        }
    }

    /// ComfyUI's `beta`: quantiles of the Beta(0.6, 0.6) distribution, dense at both ends (Lee et al., 2024, arXiv
    /// 2407.12173). Levels are those of a table of 1000; one that comes twice is run once, so that beyond about 60
    /// steps there may be fewer than asked for.
    record Beta(double shift) implements SigmaSchedule {

        private static final double PARAMETER = 0.6;

        public Beta {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return IntStream.range(0, steps)
                    .mapToDouble(i -> BetaDistribution.quantile(PARAMETER, 1 - (double) i / steps))
                    .map(quantile -> (Math.rint(quantile * (MAX_STEPS - 1)) + 1) / MAX_STEPS)
                    .distinct()
                    .toArray();
        }
    }

    /// The base of Wan's UniPC: from 0.999 evenly to 0, timesteps cut to whole numbers.
    record UniPcBase(double shift) implements SigmaSchedule {

        public UniPcBase {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return each(steps, i -> 0.999 * (1 - i / steps));
        }

        @Override
        public float timestep(double sigma) {
            return (float) Math.floor(1000 * sigma);
        }
    }

    /// The base of diffusers' UniPC with flow sigmas: from 1 towards 0.001, and not quite 1; timesteps cut to whole
    /// numbers.
    record UniPcOfDiffusers(double shift) implements SigmaSchedule {

        private static final double BELOW_ONE = 1e-6;

        public UniPcOfDiffusers {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return each(steps, i -> 1 - 0.999 * i / steps);
        }

        @Override
        public double[] sigmas(int steps) {
            double[] sigmas = SigmaSchedule.super.sigmas(steps);
            sigmas[0] = Math.min(sigmas[0], 1 - BELOW_ONE);
            return sigmas;
        }

        @Override
        public float timestep(double sigma) {
            return (float) Math.floor(1000 * sigma);
        }
    }

    /// Wan's DPM++: as [Linear], timesteps cut to whole numbers.
    record WholeLinear(double shift) implements SigmaSchedule {

        public WholeLinear {
            requireShift(shift);
        }

        @Override
        public double[] unshifted(int steps) {
            return each(steps, i -> 1 - i / steps);
        }

        @Override
        public float timestep(double sigma) {
            return (float) Math.floor(1000 * sigma);
        }
    }

    /// LTX-Video's: as [Linear], then stretched so that the last level before 0 is 0.1.
    record Stretched(double shift) implements SigmaSchedule {

        private static final double LAST = 0.1;
        private static final double FEW_TOKENS = 1024;
        private static final double MANY_TOKENS = 4096;
        private static final double SHIFT_OF_FEW = 0.95;
        private static final double SHIFT_OF_MANY = 2.05;

        public Stretched {
            requireShift(shift);
        }

        /// The shift that the authors take for a clip: the more tokens, the more noise.
        ///
        /// @param tokens cells of the latent
        public static double shiftFor(long tokens) {
            double slope = (SHIFT_OF_MANY - SHIFT_OF_FEW) / (MANY_TOKENS - FEW_TOKENS);
            return Math.exp(SHIFT_OF_FEW + slope * (tokens - FEW_TOKENS));
        }

        @Override
        public double[] unshifted(int steps) {
            return each(steps, i -> 1 - i / steps);
        }

        @Override
        public double[] sigmas(int steps) {
            double[] sigmas = SigmaSchedule.super.sigmas(steps);
            double factor = steps == 1 ? 1 : (1 - LAST) / (1 - sigmas[steps - 1]);
            for (int i = 0; i < steps; i++) {
                sigmas[i] = 1 - (1 - sigmas[i]) * factor;
            }
            return sigmas;
        }
    }

    private static double shifted(double shift, double sigma) {
        return shift * sigma / (1 + (shift - 1) * sigma);
    }

    private static double[] each(int steps, DoubleUnaryOperator level) {
        return IntStream.range(0, steps)
                .mapToDouble(i -> level.applyAsDouble(i))
                .toArray();
    }

    /// @throws IllegalArgumentException when it is not above 0 and up to 1000
    static void requireShift(double shift) {
        if (!(shift > 0 && shift <= 1000)) {
            throw new IllegalArgumentException("the sigma shift is " + shift + ", expected more than 0, 1000 at most");
        }
    }
}
