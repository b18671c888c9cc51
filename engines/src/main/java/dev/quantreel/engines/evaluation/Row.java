package dev.quantreel.engines.evaluation;

import java.util.List;
import java.util.function.ToDoubleFunction;

/// One method over all prompts and seeds.
///
/// @param setting bits that it is compared at, or what it is compared with; empty for full precision
/// @param method its name
/// @param measurements one per prompt and seed
/// @param weightBytes of the transformer, counted as published figures are: quantized codes, steps and zero points,
/// the rest 16-bit
/// @param weightRatio how many times smaller than at 16 bits
/// @param quantizationSeconds what it took to make the weights, the trajectories of its statistics counted
public record Row(
        String setting,
        String method,
        List<Measurement> measurements,
        long weightBytes,
        double weightRatio,
        double quantizationSeconds) {

    public Row {
        measurements = List.copyOf(measurements);
    }

    /// A figure over the generations.
    ///
    /// @param std sample standard deviation; 0 for one value
    public record Spread(double mean, double std) {

        static Spread of(double[] values) {
            double mean = 0;
            for (double value : values) {
                mean += value / values.length;
            }
            double squares = 0;
            for (double value : values) {
                squares += (value - mean) * (value - mean);
            }
            return new Spread(mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)));
        }
    }

    public Spread activationBits() {
        return spread(Measurement::meanActivationBits);
    }

    public Spread teacherForced() {
        return spread(Measurement::teacherForced);
    }

    public Spread finalLatent() {
        return spread(Measurement::finalLatent);
    }

    public Spread psnr() {
        return spread(Measurement::psnr);
    }

    public Spread ssim() {
        return spread(Measurement::ssim);
    }

    public Spread captionRate() {
        return spread(Measurement::captionRate);
    }

    public Spread trunkPasses() {
        return spread(Measurement::trunkPasses);
    }

    public Spread secondsPerStep() {
        return spread(Measurement::secondsPerStep);
    }

    /// Fastest generation: the least disturbed by what else the machine does.
    public double bestSecondsPerStep() {
        return measurements.stream()
                .mapToDouble(Measurement::secondsPerStep)
                .min()
                .orElse(Double.NaN);
    }

    private Spread spread(ToDoubleFunction<Measurement> figure) {
        return Spread.of(measurements.stream().mapToDouble(figure).toArray());
    }
}
