package dev.quantreel.nodes.values;

import dev.quantreel.engines.calibration.SelfCalibration;
import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Releasable;
import java.util.List;

/// Statistics that a model makes itself, kept under its digest and the calibration until memory is asked back.
final class SelfStatistics {

    private SelfStatistics() {}

    /// @param lease keeps the file open
    private record Kept(SelfCalibration calibration, SharedFile.Lease lease) implements Releasable {
        @Override
        public long residentBytes() {
            return calibration.residentBytes();
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    /// What the plan needs; nothing is run yet.
    static ActivationStatistics of(DiffusionModel model, QuantizationPlan plan, NodeContext context) throws Exception {
        if (plan.statistics() instanceof StatisticsPlan.None
                || model.additions().calibration().isEmpty()) {
            return ActivationStatistics.NONE;
        }
        Calibration asked = model.additions().calibration().get();
        Engine engine = model.execution().engine().open(context);
        String key = "statistics:" + model.file().digest() + ":" + engine.id() + ":" + asked.plan() + asked.key();
        SelfCalibration calibration = context.resources()
                .get(key, Kept.class, () -> {
                    SharedFile.Lease lease = model.file().open(context).again();
                    try {
                        return new Kept(
                                open(model, asked, engine, TransformerCheckpoint.of(lease.file()), context), lease);
                    } catch (RuntimeException e) {
                        lease.close();
                        throw e;
                    }
                })
                .calibration();
        calibration.attach(
                (pass, done, total) -> {
                    context.status("full-precision step " + done + "/" + total + " of pass " + pass
                            + ", to learn what the layers read");
                    context.progress(done, total);
                },
                context.cancellation());
        return calibration;
    }

    private static SelfCalibration open(
            DiffusionModel model,
            Calibration asked,
            Engine engine,
            TransformerCheckpoint checkpoint,
            NodeContext context) {
        List<Trajectories.Prompt> prompts = asked.prompts().stream()
                .map(prompt -> new Trajectories.Prompt(prompt, asked.negative()))
                .toList();
        SamplerSettings settings = new SamplerSettings(
                asked.plan().steps(),
                asked.cfg(),
                new SigmaSchedule.Linear(model.facts().sampling().shift()));
        return SelfCalibration.of(
                new SelfCalibration.Model(engine, checkpoint, checkpoint.blockLinears()),
                new Trajectories(
                        prompts,
                        settings,
                        asked.latent(),
                        asked.plan().trajectories(),
                        asked.plan().seed()),
                SelfCalibration.Progress.NONE,
                context.cancellation());
    }
}
