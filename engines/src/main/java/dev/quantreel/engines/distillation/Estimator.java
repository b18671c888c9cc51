package dev.quantreel.engines.distillation;

import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.HalfPrecision;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// The estimate of one layer's error while it is trained, `M_frame (x·α) βᵀ`: three vectors.
///
/// @param alpha one per channel read
/// @param beta one per output
/// @param frames factors M; none where the layer does not read the tokens of a clip Belongs to one training, which
/// alone writes it.
@SuppressWarnings("ArrayRecordComponent")
record Estimator(float[] alpha, float[] beta, float[] frames) {

    /// Of a start from nothing: the length of β that a step of training is a share of, as a part of what a typical
    /// output is for a typical input.
    private static final double SHARE = 0.01;

    /// The vectors, as inputs of a graph and tensors of a file.
    enum Part {
        ALPHA("alpha"),
        BETA("beta"),
        FRAMES("frames");

        private final String suffix;

        Part(String suffix) {
            this.suffix = suffix;
        }

        /// Name of the part of a layer.
        String of(String layer) {
            return "estimator:" + layer + ":" + suffix;
        }
    }

    /// What a branch that was solved has.
    static Estimator of(LowRankBranch branch) {
        float[] alpha = Conversions.toFloatArray(branch.down());
        for (int i = 0; i < alpha.length; i++) {
            alpha[i] *= branch.factor();
        }
        List<Float> factors = branch.frames().factors();
        float[] frames = new float[factors.size()];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = factors.get(i);
        }
        return new Estimator(alpha, Conversions.toFloatArray(branch.up()), frames);
    }

    /// As the paper begins: α by chance, of unit length, β of zeros.
    ///
    /// @param frames what the layer's statistic says
    static Estimator unsolved(int inputs, int outputs, FrameFactors frames, long seed) {
        Random random = new Random(seed);
        float[] alpha = new float[inputs];
        for (int i = 0; i < inputs; i++) {
            alpha[i] = (float) (random.nextGaussian() / Math.sqrt(inputs));
        }
        float[] m = new float[frames.factors().size()];
        for (int i = 0; i < m.length; i++) {
            m[i] = frames.factors().get(i);
        }
        return new Estimator(alpha, new float[outputs], m);
    }

    Map<Part, float[]> parts() {
        Map<Part, float[]> parts = new EnumMap<>(Part.class);
        parts.put(Part.ALPHA, alpha);
        parts.put(Part.BETA, beta);
        if (frames.length > 0) {
            parts.put(Part.FRAMES, frames);
        }
        return parts;
    }

    /// As inputs of a graph of [EstimatorLinears].
    Map<String, Tensor> tensors(String layer) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(Part.ALPHA.of(layer), Tensor.of(Shape.of(alpha.length, 1), alpha));
        tensors.put(Part.BETA.of(layer), Tensor.of(Shape.of(1, beta.length), beta));
        if (frames.length > 0) {
            tensors.put(Part.FRAMES.of(layer), Tensor.of(Shape.of(frames.length), frames));
        }
        return tensors;
    }

    /// What a learning rate is multiplied by: the root mean square of each part where training begins.
    ///
    /// @param weight of the layer, rows of outputs; says how large outputs are where β begins with zeros
    Map<Part, Double> scales(Tensor weight) {
        Map<Part, Double> scales = new EnumMap<>(Part.class);
        parts().forEach((part, values) -> scales.put(part, rms(values)));
        if (rms(beta) == 0) {
            double typical = rms(Conversions.toFloatArray(weight)) * Math.sqrt(alpha.length);
            scales.put(Part.BETA, SHARE * typical);
        }
        return scales;
    }

    private static double rms(float[] values) {
        return Math.sqrt(IntStream.range(0, values.length)
                .mapToDouble(i -> (double) values[i] * values[i])
                .average()
                .orElse(0));
    }

    /// In 16 bits; empty where it adds nothing.
    ///
    /// @throws IllegalStateException when a value is not finite
    Optional<LowRankBranch> branch(String layer) {
        for (float[] values : parts().values()) {
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    throw new IllegalStateException(
                            "training made " + value + " of the estimate of " + layer + "; take a lower learning rate");
                }
            }
        }
        if (rms(alpha) == 0 || rms(beta) == 0) {
            return Optional.empty();
        }
        HalfPrecision down = HalfPrecision.of(Tensor.of(Shape.of(1, alpha.length), alpha));
        HalfPrecision up = HalfPrecision.of(Tensor.of(Shape.of(beta.length, 1), beta));
        List<Float> factors = new ArrayList<>();
        for (float factor : frames) {
            factors.add(factor);
        }
        return Optional.of(new LowRankBranch(
                down.values(),
                up.values(),
                down.factor() * up.factor(),
                LowRankBranch.Basis.ORIGINAL,
                new FrameFactors(factors)));
    }

    Estimator copy() {
        return new Estimator(alpha.clone(), beta.clone(), frames.clone());
    }
}
