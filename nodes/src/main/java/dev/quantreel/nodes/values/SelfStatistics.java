package dev.quantreel.nodes.values;

import dev.quantreel.engines.calibration.BlockCalibration;
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
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Statistics that a model makes itself, kept under its digest and the calibration until memory is asked back.
final class SelfStatistics {

    private SelfStatistics() {}

    /// One of both: in memory, or in a folder block by block.
    ///
    /// @param lease keeps the file open
    private record Kept(
            Optional<SelfCalibration> whole, Optional<BlockCalibration> blocks, Path folder, SharedFile.Lease lease)
            implements Releasable {

        ActivationStatistics statistics() {
            return whole.<ActivationStatistics>map(own -> own).or(() -> blocks).orElseThrow();
        }

        @Override
        public long residentBytes() {
            return whole.map(SelfCalibration::residentBytes).orElse(0L);
        }

        @Override
        public void close() {
            lease.close();
            BlockCalibration.discard(folder);
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
        Kept kept = context.resources().get(key, Kept.class, () -> {
            SharedFile.Lease lease = model.file().open(context).again();
            try {
                return open(model, asked, engine, lease, context);
            } catch (RuntimeException e) {
                lease.close();
                throw e;
            }
        });
        kept.whole.ifPresent(calibration -> calibration.attach(
                (pass, done, total) -> {
                    context.status("full-precision step " + done + "/" + total + " of pass " + pass
                            + ", to learn what the layers read");
                    context.progress(done, total);
                },
                context.cancellation()));
        kept.blocks.ifPresent(calibration -> calibration.attach(
                (what, done, total) -> {
                    context.status("statistics of what the layers read: " + what);
                    context.progress(Math.toIntExact(done), Math.toIntExact(total));
                },
                context.cancellation()));
        return kept.statistics();
    }

    private static Kept open(
            DiffusionModel model, Calibration asked, Engine engine, SharedFile.Lease lease, NodeContext context) {
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(lease.file());
        List<Trajectories.Prompt> prompts = asked.prompts().stream()
                .map(prompt -> new Trajectories.Prompt(prompt, asked.negative()))
                .toList();
        SamplerSettings settings = new SamplerSettings(
                asked.plan().steps(),
                asked.cfg(),
                new SigmaSchedule.Linear(model.facts().sampling().shift()));
        SelfCalibration.Model watched = new SelfCalibration.Model(engine, checkpoint, checkpoint.blockLinears());
        Trajectories trajectories = new Trajectories(
                prompts,
                settings,
                asked.latent(),
                asked.plan().trajectories(),
                asked.plan().seed());
        SelfCalibration whole =
                SelfCalibration.of(watched, trajectories, SelfCalibration.Progress.NONE, context.cancellation());
        Path folder = context.folders().temp().resolve("statistics-" + UUID.randomUUID());
        if (whole.isOnePass()) {
            return new Kept(Optional.of(whole), Optional.empty(), folder, lease);
        }
        BlockCalibration.Options options = new BlockCalibration.Options(
                folder,
                model.file().digest() + asked.key(),
                Runtime.getRuntime().maxMemory() / 4,
                BlockCalibration.Progress.NONE,
                context.cancellation());
        return new Kept(
                Optional.empty(), Optional.of(BlockCalibration.of(watched, trajectories, options)), folder, lease);
    }
}
