package dev.quantreel.engines.distillation;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.torch.Objective;
import dev.quantreel.engines.torch.TorchGraph;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/// Trains the estimates of one stage against what its blocks put out in full precision.
///
/// The learning rate falls along a cosine to 0. Ten times on the way, and at its end, the loss of examples that are
/// never learned from is taken; the values that did best there are what comes out, those that it began with among them.
///
/// @param graph of the stage
/// @param examples to learn from
/// @param apart to judge by
/// @param parameters of the stage by name, with what each step is a share of
/// @param schedule how long and how fast
record BlockTraining(
        TorchGraph graph,
        List<TorchGraph.Example> examples,
        List<TorchGraph.Example> apart,
        Map<String, Parameter> parameters,
        Schedule schedule) {

    /// Examples whose gradients make one step, as in the paper's code.
    static final int BATCH = 4;

    private static final int JUDGED = 10;

    /// @param shape in the graph
    /// @param scale see [AdamSteps]
    record Parameter(Shape shape, double scale) {}

    /// @param objective what is trained for
    /// @param seed of the order of the examples
    record Schedule(int steps, double rate, Objective objective, long seed) {

        double rate(int step) {
            return rate * 0.5 * (1 + Math.cos(Math.PI * step / steps));
        }

        boolean isJudged(int step) {
            return step == steps || step % Math.max(1, steps / JUDGED) == 0;
        }
    }

    /// Goes through the steps that are left.
    ///
    /// @param from where the stage is; its values are those of the stage alone or more
    /// @param steps told the state behind every step
    /// @return behind the last step; [TrainingState#best] is the result
    TrainingState run(TrainingState from, Consumer<TrainingState> steps, CancellationToken cancellation) {
        TrainingState state = from.step() == 0 ? judged(from, cancellation) : from;
        Map<String, Double> scales = new LinkedHashMap<>();
        parameters.forEach((name, parameter) -> scales.put(name, parameter.scale));
        while (state.step() < schedule.steps()) {
            int step = state.step();
            Map<String, float[]> values = own(state.values());
            Map<String, float[]> gradients = new LinkedHashMap<>();
            double error = 0;
            double temporal = 0;
            for (int i = 0; i < BATCH; i++) {
                TorchGraph.Outcome outcome = graph.gradients(
                        example((long) step * BATCH + i), tensors(values), schedule.objective(), cancellation);
                requireFinite(outcome, step);
                error += outcome.error() / BATCH;
                temporal += outcome.temporal() / BATCH;
                outcome.gradients().forEach((name, gradient) -> add(gradients, name, gradient));
            }
            state.adam().step(values, gradients, scales, schedule.rate(step));
            state = learned(state, new ErrorTraining.Point(state.stage(), step, error, temporal, Double.NaN));
            if (schedule.isJudged(state.step())) {
                state = judged(state, cancellation);
            }
            steps.accept(state);
        }
        return state;
    }

    /// The values of this stage; not a copy.
    private Map<String, float[]> own(Map<String, float[]> values) {
        Map<String, float[]> own = new LinkedHashMap<>(values);
        own.keySet().retainAll(parameters.keySet());
        return own;
    }

    private Map<String, Tensor> tensors(Map<String, float[]> values) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        parameters.forEach((name, parameter) -> {
            float[] array = values.get(name);
            if (array != null) {
                tensors.put(name, Tensor.of(parameter.shape, array));
            }
        });
        return tensors;
    }

    /// Every example once, in an order of their own, then again in another.
    private TorchGraph.Example example(long number) {
        long turn = number / examples.size();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(schedule.seed() * 1_000_003 + turn));
        return examples.get(order.get((int) (number % examples.size())));
    }

    private static void add(Map<String, float[]> sums, String name, float[] gradient) {
        float[] sum = sums.computeIfAbsent(name, missing -> new float[gradient.length]);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += gradient[i] / BATCH;
        }
    }

    private static void requireFinite(TorchGraph.Outcome outcome, int step) {
        boolean finite = Double.isFinite(outcome.error()) && Double.isFinite(outcome.temporal());
        String odd = finite ? "" : "the loss";
        for (Map.Entry<String, float[]> gradient : outcome.gradients().entrySet()) {
            for (float value : gradient.getValue()) {
                odd = odd.isEmpty() && !Float.isFinite(value) ? "the gradient of " + gradient.getKey() : odd;
            }
        }
        if (!odd.isEmpty()) {
            throw new IllegalStateException(odd + " is not finite at step " + step + " (error " + outcome.error()
                    + ", temporal " + outcome.temporal()
                    + "): the model puts out NaN or infinities, or the learning rate is too high");
        }
    }

    private static TrainingState learned(TrainingState state, ErrorTraining.Point point) {
        return new TrainingState(
                state.stage(),
                state.step() + 1,
                state.values(),
                state.scales(),
                state.best(),
                state.start(),
                state.bestLoss(),
                state.adam(),
                with(state.history(), point));
    }

    private static TrainingState.History with(TrainingState.History history, ErrorTraining.Point point) {
        List<ErrorTraining.Point> curve = new ArrayList<>(history.curve());
        curve.add(point);
        return new TrainingState.History(history.layers(), history.stages(), curve);
    }

    /// Takes the loss of the examples apart.
    private TrainingState judged(TrainingState state, CancellationToken cancellation) {
        double error = 0;
        double temporal = 0;
        Map<String, float[]> values = own(state.values());
        for (TorchGraph.Example example : apart) {
            TorchGraph.Outcome outcome = graph.loss(example, tensors(values), schedule.objective(), cancellation);
            requireFinite(outcome, state.step());
            error += outcome.error() / apart.size();
            temporal += outcome.temporal() / apart.size();
        }
        double loss = error + schedule.objective().temporalWeight() * temporal;
        boolean isFirst = Double.isNaN(state.start());
        boolean isBetter = isFirst || loss < state.bestLoss();
        return new TrainingState(
                state.stage(),
                state.step(),
                state.values(),
                state.scales(),
                isBetter ? TrainingState.copy(values) : state.best(),
                isFirst ? loss : state.start(),
                isBetter ? loss : state.bestLoss(),
                state.adam(),
                with(state.history(), new ErrorTraining.Point(state.stage(), state.step(), error, temporal, loss)));
    }
}
