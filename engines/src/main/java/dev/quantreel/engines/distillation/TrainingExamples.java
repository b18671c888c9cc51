package dev.quantreel.engines.distillation;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What the blocks read in trajectories of the full-precision model: as they get it in full precision, and as they do
/// where text is read through quantized linears.
///
/// @param full inputs of the blocks, one entry per run of them
/// @param quantized of the same runs
record TrainingExamples(List<Map<String, Tensor>> full, List<Map<String, Tensor>> quantized) {

    /// @param most runs that are kept, evenly spread over all
    static TrainingExamples of(
            ErrorEstimation.Target target,
            LowRankBranches estimates,
            Trajectories trajectories,
            int most,
            Watching watching) {
        List<Trajectory> recorded = new ArrayList<>();
        TrunkRecorder full = TrunkRecorder.of(target.engine(), true);
        try (DiffusionTransformer transformer = open(full, target, target.full())) {
            for (int i = 0; i < trajectories.count(); i++) {
                int before = i * trajectories.settings().steps();
                Trajectory.Recorder recorder = new Trajectory.Recorder(new SamplingListener() {
                    @Override
                    public void stepDone(int done, int total, Tensor preview) {
                        watching.progress.report(
                                "watching the blocks", before + done - 1, trajectories.count() * total);
                    }
                });
                trajectories.generate(transformer, i, recorder, watching.cancellation);
                recorded.add(recorder.trajectory(trajectories.settings()));
            }
        }
        TrunkRecorder quantized = TrunkRecorder.of(target.engine(), false);
        try (DiffusionTransformer transformer = open(quantized, target, target.linears(estimates))) {
            for (int i = 0; i < recorded.size(); i++) {
                Trajectories.Prompt prompt =
                        trajectories.prompts().get(i % trajectories.prompts().size());
                recorded.get(i)
                        .deviationOf(
                                transformer.bind(prompt.conditional(), prompt.unconditional()),
                                new Constant(target.activationBits()),
                                watching.cancellation);
            }
        }
        if (full.inputs().size() != quantized.inputs().size() || full.inputs().isEmpty()) {
            throw new IllegalStateException("the blocks ran " + full.inputs().size() + " times in full precision and "
                    + quantized.inputs().size() + " times quantized");
        }
        return new TrainingExamples(spread(full.inputs(), most), spread(quantized.inputs(), most));
    }

    /// Who hears of the runs, and who may stop them.
    record Watching(ErrorEstimation.Progress progress, CancellationToken cancellation) {}

    /// With blocks that read the time themselves, as the graphs do that are trained.
    static DiffusionTransformer open(TrunkRecorder recorder, ErrorEstimation.Target target, LinearLayers linears) {
        return DiffusionTransformer.open(
                recorder,
                target.checkpoint(),
                linears,
                LayerProbe.NONE,
                new DiffusionTransformer.Form(
                        DiffusionTransformer.Blocks.ONE_BRANCH, DiffusionTransformer.Modulation.EVERY_STEP));
    }

    /// Runs alternate between the branches of guidance; an odd stride takes both.
    private static <T> List<T> spread(List<T> all, int most) {
        List<T> some = new ArrayList<>();
        for (int i = 0; i < Math.min(most, all.size()); i++) {
            some.add(all.get((int) ((long) i * all.size() / Math.min(most, all.size()))));
        }
        return some;
    }
}
