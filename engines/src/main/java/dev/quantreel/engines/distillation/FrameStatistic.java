package dev.quantreel.engines.distillation;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedWeights;
import java.util.Arrays;

/// What Q-VDiT reads off the activation to weigh its frames (equations 8 and 9): how much rounding turns a frame, and
/// the
/// share of it in the magnitude of the clip, `M_i = η_i / ω_i`,
/// `η_i = softmax_i(1 − cos(X_i, Q(X)_i))`, `ω_i = Σ|X_i| / Σ|X|`.
final class FrameStatistic {

    private FrameStatistic() {}

    /// @return one factor per frame of the sample; none where it is no clip
    static double[] of(QuantizedWeights weights, String layer, TokenSample sample, int bits) {
        if (sample.frames() == 0) {
            return new double[0];
        }
        ActivationMatrix plain = ActivationMatrix.of(
                sample.channels(), Arrays.copyOf(sample.values(), sample.tokens() * sample.channels()));
        ActivationMatrix x = weights.matrix(layer)
                .flatMap(weights::rotation)
                .map(plain::rotated)
                .orElse(plain);
        ActivationQuantizer quantizer = weights.plan().activations().at(layer).usual();
        if (quantizer instanceof ActivationQuantizer.FullPrecision) {
            return factors(sample, x, x);
        }
        QuantizedActivation quantized = QuantizedActivation.of(x, quantizer, bits);
        float[] rounded = new float[x.tokens() * x.channels()];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = quantized.value(i / x.channels(), i % x.channels());
        }
        return factors(sample, x, ActivationMatrix.of(x.channels(), rounded));
    }

    /// @param x as it meets the weight
    /// @param rounded the same, quantized
    static double[] factors(TokenSample sample, ActivationMatrix x, ActivationMatrix rounded) {
        int frames = sample.frames();
        double[] products = new double[frames];
        double[] squares = new double[frames];
        double[] roundedSquares = new double[frames];
        double[] magnitudes = new double[frames];
        for (int token = 0; token < x.tokens(); token++) {
            int frame = sample.frame(token);
            for (int channel = 0; channel < x.channels(); channel++) {
                double exact = x.at(token, channel);
                double near = rounded.at(token, channel);
                products[frame] += exact * near;
                squares[frame] += exact * exact;
                roundedSquares[frame] += near * near;
                magnitudes[frame] += Math.abs(exact);
            }
        }
        double[] factors = new double[frames];
        double turned = 0;
        double magnitude = 0;
        for (int frame = 0; frame < frames; frame++) {
            double norm = Math.sqrt(squares[frame] * roundedSquares[frame]);
            factors[frame] = Math.exp(1 - (norm > 0 ? products[frame] / norm : 1));
            turned += factors[frame];
            magnitude += magnitudes[frame];
        }
        for (int frame = 0; frame < frames; frame++) {
            double share = magnitudes[frame] / magnitude;
            factors[frame] = share > 0 ? factors[frame] / turned / share : 1;
        }
        return factors;
    }
}
