package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.PublishedMethod;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// The methods of [DemoBenchmark].
final class DemoMethods {

    /// What the others are measured against.
    static final String BASELINE = PublishedMethod.DVD_QUANT.title();

    /// The best of ours, a node of its own.
    static final String BEST = "Self-Calibrated Quantize, rank 16";

    /// Captions that lead the demo model while it makes its statistics; none of them is measured at.
    static final List<String> CALIBRATION = List.of(
            "a small red square moving up on a black background",
            "a large yellow circle moving down on a white background",
            "a small green ring moving left on a navy background",
            "a large blue triangle moving right on a black background",
            "a small pink circle moving right on a white background",
            "a large orange ring moving left on a gray background",
            "a small cyan triangle moving down on a navy background",
            "a large purple square moving up on a gray background");

    /// Noises of the statistics begin here, far from those that are measured at.
    private static final long CALIBRATION_SEED = 90_000;

    private static final int GROUP = 64;
    private static final int RANK = 16;
    private static final BranchPlan ONCE = new BranchPlan.LowRank(RANK, 1);
    private static final BranchPlan TURNS = new BranchPlan.LowRank(RANK, 10);

    private final StatisticsPlan.SelfGenerated self;
    private final StatisticsPlan.SelfGenerated empty;

    private DemoMethods(int steps) {
        this.self = new StatisticsPlan.SelfGenerated(CALIBRATION, CALIBRATION.size(), steps, CALIBRATION_SEED);
        this.empty = new StatisticsPlan.SelfGenerated(List.of(""), 1, steps, CALIBRATION_SEED);
    }

    /// @param steps of the trajectories that statistics come from
    static List<Method> all(int steps) {
        DemoMethods methods = new DemoMethods(steps);
        return Stream.of(methods.published(), weightsAlone(), methods.paperWithOtherWeights())
                .flatMap(List::stream)
                .toList();
    }

    private List<Method> published() {
        return List.of(
                whole(PublishedMethod.MIN_MAX),
                whole(PublishedMethod.SMOOTH_QUANT),
                Method.of("SmoothQuant of the very input", bits -> alone(new WeightQuantizer.MinMax())
                        .apply(bits)
                        .withInputs(QuantizationPlan.MIN_MAX.input().with(new SmoothingPlan.OfInput(0.5)))),
                whole(PublishedMethod.QUAROT),
                whole(PublishedMethod.CONVROT),
                whole(PublishedMethod.ORBIT_QUANT),
                whole(PublishedMethod.VIDIT_Q),
                Method.of("ViDiT-Q, all layers alike", bits -> known(PublishedMethod.VIDIT_Q.plan(bits))
                        .withLayers(LayerRule.ALL)),
                whole(PublishedMethod.SVD_QUANT),
                Method.of("SVDQuant + GPTQ", bits -> {
                    WeightPlan plan =
                            known(PublishedMethod.SVD_QUANT.plan(bits)).weight();
                    return known(PublishedMethod.SVD_QUANT.plan(bits))
                            .withWeights(plan.with(new WeightQuantizer.Gptq(plan.quantizer(), 0.01), bits));
                }),
                whole(PublishedMethod.DVD_QUANT));
    }

    private Method whole(PublishedMethod method) {
        return Method.of(method.title(), bits -> known(method.plan(bits)));
    }

    private QuantizationPlan known(QuantizationPlan plan) {
        return plan.smoothing().needsStatistics()
                ? plan.withWeights(plan.weight().with(self))
                : plan;
    }

    /// Weight methods beside the baseline's activations: asymmetric, one scale per token, not rotated.
    private static List<Method> weightsAlone() {
        return List.of(
                Method.of("PBQ", alone(new WeightQuantizer.Pbq())),
                Method.of("BGR", alone(new WeightQuantizer.Bgr())),
                Method.of("symmetric", alone(new WeightQuantizer.Symmetric())),
                Method.of("MSE clip search", alone(new WeightQuantizer.ClipSearch())),
                Method.of(
                        "HQQ, groups of 64",
                        bits -> QuantizationPlan.MIN_MAX.withWeights(
                                new WeightPlan(new WeightQuantizer.Hqq(), bits, new Granularity.PerGroup(GROUP)))));
    }

    private static IntFunction<QuantizationPlan> alone(WeightQuantizer quantizer) {
        return bits -> QuantizationPlan.MIN_MAX.withWeights(quantizer, bits);
    }

    /// Weight methods behind the paper's rotation, beside its activations (ARQ).
    private List<Method> paperWithOtherWeights() {
        WeightQuantizer bgr = new WeightQuantizer.Bgr();
        WeightQuantizer gptq = new WeightQuantizer.Gptq();
        IntFunction<QuantizationPlan> best = paper(gptq, plan -> plan.with(self).with(TURNS));
        return List.of(
                Method.of("ARQ + MinMax", paper(new WeightQuantizer.MinMax(), plan -> plan)),
                Method.of("ARQ + PBQ (DVD-Quant v1)", paper(new WeightQuantizer.Pbq(), plan -> plan)),
                Method.of("ARQ + MSE clip search", paper(new WeightQuantizer.ClipSearch(), plan -> plan)),
                Method.of("ARQ + Lloyd-Max rows", paper(new WeightQuantizer.LloydMaxRows(), plan -> plan)),
                Method.of("ARQ + BGR, groups of 64", paper(bgr, plan -> plan.with(new Granularity.PerGroup(GROUP)))),
                Method.of("ARQ + GPTQ (empty prompt)", paper(gptq, plan -> plan.with(empty))),
                Method.of("ARQ + GPTQ (self)", paper(gptq, plan -> plan.with(self))),
                Method.of("ARQ + rank 16 + BGR", paper(bgr, plan -> plan.with(ONCE))),
                Method.of("ARQ + rank 16 + BGR, in turns", paper(bgr, plan -> plan.with(TURNS))),
                Method.of("ARQ + rank 16 + GPTQ (self)", paper(gptq, plan -> plan.with(self)
                        .with(ONCE))),
                Method.of("ARQ + rank 16 + GPTQ (self), in turns", best),
                Method.of("ARQ in blocks of 32 + rank 16 + GPTQ (self), in turns", finer(best)),
                Method.of(BEST, bits -> SelfCalibrated.plan(bits, RANK, Optional.of(self))),
                new Method("DVD-Quant + TQE (Q-VDiT)", paper(bgr, plan -> plan), Optional.of(self)),
                new Method("ARQ + rank 16 + GPTQ (self), in turns + TQE", best, Optional.of(self)));
    }

    /// Scales of activations by 32 channels instead of 64.
    private static IntFunction<QuantizationPlan> finer(IntFunction<QuantizationPlan> plan) {
        return bits -> plan.apply(bits)
                .withActivations(
                        new RotationPlan.Hadamard(256, 0),
                        new ActivationQuantizer.Auto(
                                new ActivationQuantizer.Block(32), new ActivationQuantizer.RowNormalized()));
    }

    private static IntFunction<QuantizationPlan> paper(WeightQuantizer quantizer, UnaryOperator<WeightPlan> more) {
        return bits -> QuantizationPlan.DVD_QUANT.withWeights(more.apply(new WeightPlan(quantizer, bits)));
    }
}
