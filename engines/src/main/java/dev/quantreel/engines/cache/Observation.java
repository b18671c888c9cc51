package dev.quantreel.engines.cache;

import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/// Skips nothing and writes down what caches could decide by: ground to fit TeaCache's polynomial and MagCache's ratios
/// on.
public record Observation() implements StepCache {

    /// Signals of the prelude that are written down where a model has them.
    public static final List<Watched> SIGNALS =
            List.of(Watched.TIME_EMBEDDING, Watched.TIME_PROJECTION, Watched.MODULATED_INPUT);

    @Override
    public Tracker start(int steps) {
        return new Tracker();
    }

    @Override
    public Tracker startUnconditional(int steps) {
        return new Tracker();
    }

    @Override
    public Watched watched() {
        return Watched.NOTHING;
    }

    @Override
    public String title() {
        return "observation";
    }

    /// Measures the magnitude of what the blocks change.
    public static final class Tracker implements CacheTracker {

        private double[] norms = {};
        private double ratio = Double.NaN;

        @Override
        public boolean reuses(int step, Tensor watched) {
            return false;
        }

        /// Mean over the tokens of the magnitude against the step before; NaN at step 0.
        public double ratio() {
            return ratio;
        }

        @Override
        public void computed(Tensor input, Tensor output) {
            int dim = (int) input.shape().dim(input.shape().rank() - 1);
            double[] now = new double[(int) (input.elements() / dim)];
            for (int token = 0; token < now.length; token++) {
                now[token] = distance(input, output, (long) token * dim, dim);
            }
            ratio = norms.length == now.length ? meanRatio(now, norms) : Double.NaN;
            norms = now;
        }

        private static double distance(Tensor input, Tensor output, long first, int count) {
            double squares = 0;
            for (long i = first; i < first + count; i++) {
                double change =
                        output.data().getAtIndex(Tensor.FLOAT, i) - input.data().getAtIndex(Tensor.FLOAT, i);
                squares += change * change;
            }
            return Math.sqrt(squares);
        }

        /// Tokens that nothing changed before are left out.
        private static double meanRatio(double[] now, double[] before) {
            double sum = 0;
            int counted = 0;
            for (int token = 0; token < now.length; token++) {
                if (before[token] > 0) {
                    sum += now[token] / before[token];
                    counted++;
                }
            }
            return counted == 0 ? 1 : sum / counted;
        }

        @Override
        public Tensor reuse(Tensor input) {
            throw new IllegalStateException("nothing is ever reused");
        }
    }

    /// What was seen at one step.
    ///
    /// @param change relative L1 change of a signal of the conditional branch
    /// @param signal which
    public record Change(Watched signal, double change) {}

    /// What was seen at one step.
    ///
    /// @param changes of the signals that the model has; empty at step 0
    /// @param conditionalRatio magnitude of the blocks' change against the step before; NaN at step 0
    /// @param unconditionalRatio the same of the other branch; NaN without guidance
    public record Signals(List<Change> changes, double conditionalRatio, double unconditionalRatio) {
        public Signals {
            changes = List.copyOf(changes);
        }

        /// The change of one signal, if the model has it.
        public Stream<Double> change(Watched signal) {
            return changes.stream().filter(change -> change.signal() == signal).map(Change::change);
        }
    }
}
