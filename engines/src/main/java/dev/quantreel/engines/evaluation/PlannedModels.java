package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.FloatWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The demo model quantized as plans say. Every plan is carried out and opened once; statistics of the full-precision
/// model are shared by all plans that ask for the same. Not thread-safe.
final class PlannedModels implements AutoCloseable {

    private final DemoModel model;
    private final CancellationToken cancellation;
    private final Map<Wanted, Opened> opened = new LinkedHashMap<>();
    private final Map<StatisticsPlan, Known> statistics = new LinkedHashMap<>();

    PlannedModels(DemoModel model, CancellationToken cancellation) {
        this.model = model;
        this.cancellation = cancellation;
    }

    /// What a model is made of.
    ///
    /// @param plan empty for full precision
    /// @param estimate of the error that runs beside the plan
    record Wanted(Optional<QuantizationPlan> plan, Optional<Estimate> estimate) {

        static final Wanted FULL = new Wanted(Optional.empty(), Optional.empty());

        static Wanted of(QuantizationPlan plan) {
            return new Wanted(Optional.of(plan), Optional.empty());
        }
    }

    /// Q-VDiT's error estimation.
    ///
    /// @param activationBits at which the error is observed
    /// @param watched the trajectories that it is observed in
    record Estimate(int activationBits, StatisticsPlan.SelfGenerated watched) {}

    /// A model that runs.
    ///
    /// @param memory of its weights, branches and estimates counted
    /// @param seconds that its weights took to make, the trajectories of its statistics counted
    record Opened(DiffusionTransformer transformer, WeightMemory memory, double seconds) {}

    private record Known(ActivationStatistics statistics, double seconds) {}

    Opened of(Wanted wanted) {
        Opened found = opened.get(wanted);
        if (found == null) {
            found = open(wanted);
            opened.put(wanted, found);
        }
        return found;
    }

    /// Closes all models but that in full precision.
    void closeQuantized() {
        opened.entrySet().removeIf(entry -> {
            boolean quantized = entry.getKey().plan().isPresent();
            if (quantized) {
                entry.getValue().transformer().close();
            }
            return quantized;
        });
    }

    private Opened open(Wanted wanted) {
        if (wanted.plan().isEmpty()) {
            long bytes = 2
                    * model.transformer().names().stream()
                            .mapToLong(name -> model.transformer().tensor(name).elements())
                            .sum();
            return new Opened(
                    running(new FloatLinears(new FloatWeights(model.transformer()))),
                    new WeightMemory(bytes, 0, bytes),
                    0);
        }
        QuantizationPlan plan = wanted.plan().get();
        Known known = statistics(plan.statistics());
        long start = System.nanoTime();
        QuantizedWeights weights = QuantizedWeights.of(
                new QuantizedWeights.Source(
                        model.transformer(), model.transformer().blockLinears(), known.statistics()),
                plan,
                (layer, done, total) -> cancellation.throwIfCancelled(),
                cancellation);
        LowRankBranches estimated =
                wanted.estimate().map(own -> estimated(weights, own)).orElse(LowRankBranches.NONE);
        double seconds = known.seconds() + (System.nanoTime() - start) / 1e9;
        LinearLayers linears = LowRankLinears.of(
                QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER),
                weights.branches().plus(estimated));
        return new Opened(running(linears), weights.memory().plus(estimated.bytes()), seconds);
    }

    private LowRankBranches estimated(QuantizedWeights weights, Estimate estimate) {
        Trajectories trajectories = model.trajectories(estimate.watched());
        ErrorEstimation.Target target = new ErrorEstimation.Target(
                model.engine(), model.transformer(), weights, LowRankBranches.NONE, estimate.activationBits());
        return ErrorEstimation.of(
                        target,
                        trajectories,
                        ErrorEstimation.Options.DEFAULTS,
                        (what, done, total) -> cancellation.throwIfCancelled(),
                        cancellation)
                .branches();
    }

    private DiffusionTransformer running(LinearLayers linears) {
        return DiffusionTransformer.open(model.engine(), model.transformer(), linears);
    }

    /// Sums are made when they are asked for; all are asked for here, so that no plan pays for another's.
    private Known statistics(StatisticsPlan plan) {
        Known found = statistics.get(plan);
        if (found == null) {
            found = switch (plan) {
                case StatisticsPlan.None() -> new Known(ActivationStatistics.NONE, 0);
                case StatisticsPlan.SelfGenerated own -> {
                    long start = System.nanoTime();
                    ActivationStatistics made = model.calibration(own, cancellation);
                    List<String> layers = model.transformer().blockLinears();
                    layers.forEach(layer -> made.of(layer).ifPresent(ActivationStatistics.LayerStatistics::gram));
                    yield new Known(made, (System.nanoTime() - start) / 1e9);
                }
            };
            statistics.put(plan, found);
        }
        return found;
    }

    @Override
    public void close() {
        opened.values().forEach(own -> own.transformer().close());
        opened.clear();
    }
}
