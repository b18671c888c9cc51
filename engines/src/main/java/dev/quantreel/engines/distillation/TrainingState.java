package dev.quantreel.engines.distillation;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How far a training is: everything that it goes on from.
///
/// @param stage blocks that are trained now, from 0
/// @param step of them, from 0
/// @param values all estimates, by [Estimator.Part#of]
/// @param scales what steps are shares of, see [AdamSteps], by the same names
/// @param best of the stage: those that did best on the examples apart
/// @param start loss of the stage where it began; NaN before its first step
/// @param bestLoss that of `best`; NaN before the first step
/// @param adam means of gradients and of their squares
/// @param history for people
record TrainingState(
        int stage,
        int step,
        Map<String, float[]> values,
        Map<String, Float> scales,
        Map<String, float[]> best,
        double start,
        double bestLoss,
        AdamSteps adam,
        History history) {

    /// @param layers what the start was solved from
    /// @param stages finished
    /// @param curve so far
    record History(
            List<ErrorEstimation.Layer> layers, List<ErrorTraining.Stage> stages, List<ErrorTraining.Point> curve) {
        History {
            layers = List.copyOf(layers);
            stages = List.copyOf(stages);
            curve = List.copyOf(curve);
        }
    }

    /// Before a stage begins.
    static TrainingState before(int stage, Map<String, float[]> values, Map<String, Float> scales, History history) {
        return new TrainingState(stage, 0, values, scales, Map.of(), Double.NaN, Double.NaN, new AdamSteps(), history);
    }

    /// A copy that later steps do not change.
    static Map<String, float[]> copy(Map<String, float[]> values) {
        Map<String, float[]> copy = new LinkedHashMap<>();
        values.forEach((name, array) -> copy.put(name, array.clone()));
        return copy;
    }
}
