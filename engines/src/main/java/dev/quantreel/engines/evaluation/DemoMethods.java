package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.schedule.Alternating;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.Shuffled;
import dev.quantreel.engines.schedule.SwitchAtHalf;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The rows of [DemoBenchmark].
final class DemoMethods {

    private static final double TEACACHE_THRESHOLD = 0.3;

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

    private static final int RANK = 16;
    private static final int TURNS = 10;

    private DemoMethods() {}

    /// @param steps of the trajectories that statistics come from
    static List<Method> all(DeltaGbs deltaGbs, int steps) {
        List<Method> methods = new ArrayList<>(published(deltaGbs));
        StatisticsPlan self =
                new StatisticsPlan.SelfGenerated(CALIBRATION, CALIBRATION.size(), steps, CALIBRATION_SEED);
        StatisticsPlan empty = new StatisticsPlan.SelfGenerated(List.of(""), 1, steps, CALIBRATION_SEED);
        methods.addAll(weightMethods(4, 8, self, empty));
        methods.addAll(weightMethods(4, 4, self, empty));
        methods.addAll(weightMethods(3, 6, self, empty));
        return methods;
    }

    private static List<Method> published(DeltaGbs deltaGbs) {
        QuantizationPlan minMax = QuantizationPlan.MIN_MAX;
        QuantizationPlan dvd = QuantizationPlan.DVD_QUANT;
        QuantizationPlan bgrOnly = minMax.withWeights(new WeightQuantizer.Bgr(), 4);
        QuantizationPlan arqOnly = dvd.withWeights(new WeightQuantizer.MinMax(), 4);
        BitSchedule four = new Constant(4);
        BitSchedule eight = new Constant(8);
        TeaCache teaCache = TeaCache.of(TeaCacheProfile.IDENTITY, TEACACHE_THRESHOLD);
        return List.of(
                new Method("full precision", Optional.empty(), eight, new StepCache.None()),
                Method.of("MinMax W4A8", minMax, eight),
                Method.of("MinMax W4A4", minMax, four),
                Method.of("BGR only W4A4", bgrOnly, four),
                Method.of("ARQ only W4A4", arqOnly, four),
                Method.of("QuaRot-like W4A4", quarot(), four),
                Method.of("DVD-Quant W4A8", dvd, eight),
                Method.of("DVD-Quant W4A4", dvd, four),
                Method.of("δ-GBS", dvd, deltaGbs),
                new Method("δ-GBS + TeaCache", Optional.of(dvd), deltaGbs, teaCache),
                new Method("TeaCache W4A8", Optional.of(dvd), eight, teaCache),
                Method.of("STP (A4 then A8)", dvd, SwitchAtHalf.lowThenHigh(4, 8)),
                Method.of("ITP (A8 then A4)", dvd, SwitchAtHalf.highThenLow(4, 8)),
                Method.of("ABS (alternating)", dvd, new Alternating(4, 8)),
                Method.of("SBA (shuffled)", dvd, new Shuffled(4, 8, 0)));
    }

    private static QuantizationPlan quarot() {
        return QuantizationPlan.DVD_QUANT
                .withWeights(new WeightQuantizer.MinMax(), 4)
                .withActivations(new RotationPlan.Hadamard(256, 0), new ActivationQuantizer.Token());
    }

    /// What goes beyond the paper, on its rotation and activations.
    private static List<Method> weightMethods(
            int weightBits, int activationBits, StatisticsPlan self, StatisticsPlan empty) {
        WeightPlan bgr = new WeightPlan(new WeightQuantizer.Bgr(), weightBits);
        WeightPlan gptq = new WeightPlan(new WeightQuantizer.Gptq(), weightBits);
        BranchPlan once = new BranchPlan.LowRank(RANK, 1);
        BranchPlan turns = new BranchPlan.LowRank(RANK, TURNS);
        String setting = " W" + weightBits + "A" + activationBits;
        BitSchedule bits = new Constant(activationBits);
        List<Method> methods = new ArrayList<>();
        if (weightBits != 4) {
            methods.add(Method.of(RankingTable.BASELINE + setting, with(bgr), bits));
        }
        methods.addAll(List.of(
                Method.of("GPTQ (empty prompt)" + setting, with(gptq.with(empty)), bits),
                Method.of("GPTQ (self)" + setting, with(gptq.with(self)), bits),
                Method.of("rank 16 + BGR" + setting, with(bgr.with(once)), bits),
                Method.of("rank 16 + BGR, in turns" + setting, with(bgr.with(turns)), bits),
                Method.of(
                        "rank 16 + GPTQ (self)" + setting, with(gptq.with(self).with(once)), bits),
                Method.of(
                        "rank 16 + GPTQ (self), in turns" + setting,
                        with(gptq.with(self).with(turns)),
                        bits)));
        return methods;
    }

    private static QuantizationPlan with(WeightPlan weights) {
        return QuantizationPlan.DVD_QUANT.withWeights(weights);
    }
}
