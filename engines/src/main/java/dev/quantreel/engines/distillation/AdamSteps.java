package dev.quantreel.engines.distillation;

import java.util.LinkedHashMap;
import java.util.Map;

/// Adam (Kingma and Ba, 2015) without weight decay, with a learning rate relative to the size of each parameter: steps
/// are `rate * scale * m / (sqrt(v) + ε)`, gradients those by the parameter in units of its scale. Not thread-safe.
final class AdamSteps {

    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-10;

    private final Map<String, float[]> first = new LinkedHashMap<>();
    private final Map<String, float[]> second = new LinkedHashMap<>();
    private int steps;

    /// Means of gradients and of their squares, by parameter.
    Map<String, float[]> first() {
        return first;
    }

    Map<String, float[]> second() {
        return second;
    }

    int steps() {
        return steps;
    }

    /// Goes on where another stopped.
    static AdamSteps of(int steps, Map<String, float[]> first, Map<String, float[]> second) {
        AdamSteps own = new AdamSteps();
        own.steps = steps;
        own.first.putAll(first);
        own.second.putAll(second);
        return own;
    }

    /// One step over all parameters.
    ///
    /// @param parameters changed in place
    /// @param scales by parameter
    void step(
            Map<String, float[]> parameters, Map<String, float[]> gradients, Map<String, Double> scales, double rate) {
        steps++;
        double correction1 = 1 - Math.pow(BETA_1, steps);
        double correction2 = 1 - Math.pow(BETA_2, steps);
        parameters.forEach((name, values) -> {
            float[] gradient = gradients.getOrDefault(name, new float[values.length]);
            double scale = scales.getOrDefault(name, 1.0);
            float[] m = first.computeIfAbsent(name, missing -> new float[values.length]);
            float[] v = second.computeIfAbsent(name, missing -> new float[values.length]);
            for (int i = 0; i < values.length; i++) {
                double g = gradient[i] * scale;
                m[i] = (float) (BETA_1 * m[i] + (1 - BETA_1) * g);
                v[i] = (float) (BETA_2 * v[i] + (1 - BETA_2) * g * g);
                double update = m[i] / correction1 / (Math.sqrt(v[i] / correction2) + EPSILON);
                values[i] -= (float) (rate * scale * update);
            }
        });
    }
}
