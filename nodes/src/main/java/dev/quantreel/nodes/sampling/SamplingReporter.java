package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.video.TextTable;
import java.util.Locale;

/// Tells the user how sampling goes.
///
/// @param preview makes the pictures
record SamplingReporter(NodeContext context, LatentPreview preview) implements SamplingListener {

    @Override
    public void stepDone(int done, int total, Tensor clean) {
        context.status("step " + done + "/" + total);
        context.progress(done, total);
        context.preview(preview.image(clean));
    }

    /// Precision and settings in a few words.
    static String title(SampleVideo.Inputs in) {
        StringBuilder title = new StringBuilder(in.model().precision());
        in.bitSchedule().map(BitPlan::name).ifPresent(name -> title.append(", ").append(name));
        in.stepCache().map(CachePlan::title).ifPresent(cache -> title.append(", ")
                .append(cache));
        title.append(", ").append(in.steps()).append(" steps, cfg ").append(TextTable.number(in.cfg()));
        return title.toString();
    }

    /// What it took.
    static String summary(Trace trace) {
        SamplingTrace steps = trace.steps();
        double seconds = steps.elapsedNanos() / 1e9;
        StringBuilder text = new StringBuilder(trace.title());
        text.append(String.format(
                Locale.ROOT,
                "%n%.2f s in all, %.3f s per step",
                seconds,
                seconds / steps.steps().size()));
        if (trace.quantizedActivations()) {
            text.append(String.format(Locale.ROOT, "%nmean activation bits %.2f", steps.meanActivationBits()));
        }
        if (steps.reusedPasses() > 0) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%d of %d passes through the blocks reused",
                    steps.reusedPasses(),
                    steps.reusedPasses() + steps.trunkPasses()));
        }
        return text.toString();
    }
}
