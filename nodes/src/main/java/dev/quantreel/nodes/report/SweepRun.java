package dev.quantreel.nodes.report;

import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;

/// A sweep under way: measures point by point, keeps each result and draws what there is. Not thread-safe.
final class SweepRun {

    private static final long PARTS_OF_A_POINT = 1000;

    private final Sweep.Inputs in;
    private final NodeContext context;
    private final KeptResults<Figures> results;
    private final Yardstick yardstick;
    private Optional<Candidate> open = Optional.empty();

    SweepRun(Sweep.Inputs in, NodeContext context, KeptResults<Figures> results) throws Exception {
        this.in = in;
        this.context = context;
        this.results = results;
        this.yardstick = Sweep.yardstick(in, context);
    }

    /// @throws CancellationException when interrupted; what was measured is kept
    /// @throws Exception when the reference cannot be run
    SweepTable measured(List<List<Upstream.Change>> points) throws Exception {
        SweepTable table = new SweepTable("Sweep of " + in.model().file().name(), in.error());
        for (int i = 0; i < points.size(); i++) {
            String label = label(points.get(i));
            Steps steps = new Steps(i, points.size(), label);
            steps.report(0, 1);
            measure(points.get(i), label, steps, table);
            context.preview(table.chart().image());
        }
        context.progress(points.size(), points.size());
        if (open.isPresent()) {
            yardstick.release(open.get(), Optional.empty());
        }
        return table;
    }

    /// A point that cannot be measured is a row of the table, not the end of the sweep.
    @SuppressWarnings("checkstyle:IllegalCatch") // whatever a node or a model throws belongs to its point
    private void measure(List<Upstream.Change> point, String label, Steps steps, SweepTable table) throws Exception {
        try {
            Candidate candidate = candidate(point, label);
            yardstick.require("model", candidate);
            String key = yardstick.key(candidate);
            Optional<Figures> known = results.find(key);
            Figures figures = known.isPresent() ? known.get() : measured(candidate, steps);
            if (known.isEmpty()) {
                results.add(key, label, figures);
            }
            table.measured(label, point, figures);
        } catch (CancellationException | IOException e) {
            throw e;
        } catch (RuntimeException e) {
            context.cancellation().throwIfCancelled();
            String problem = e.getMessage() == null ? e.toString() : e.getMessage();
            context.status(label + " could not be measured: " + problem);
            table.failed(label, point, problem);
        }
    }

    private Figures measured(Candidate candidate, Steps steps) throws Exception {
        if (!yardstick.isPrepared()) {
            yardstick.prepare(steps);
            yardstick.releaseReference();
        }
        if (open.isPresent()) {
            yardstick.release(open.get(), Optional.of(candidate));
        }
        open = Optional.of(candidate);
        return yardstick.measure(candidate, steps).figures();
    }

    private Candidate candidate(List<Upstream.Change> point, String label) throws Exception {
        if (point.isEmpty()) {
            return Sweep.candidate(in, label);
        }
        NodeInputs inputs = context.upstream().inputs(point);
        return new Candidate(
                label,
                (DiffusionModel) inputs.value("model").orElseThrow(),
                inputs.value("lowNoise").map(LowNoiseModel.class::cast),
                inputs.value("bitSchedule").map(BitPlan.class::cast),
                inputs.value("stepCache").map(CachePlan.class::cast));
    }

    private String label(List<Upstream.Change> point) {
        if (point.isEmpty()) {
            return Sweep.candidate(in, "").precision();
        }
        boolean namesSuffice =
                point.stream().map(Upstream.Change::input).distinct().count() == point.size();
        List<Upstream.Source> sources = context.upstream().sources();
        return point.stream()
                .map(change ->
                        (namesSuffice ? "" : title(change, sources) + ".") + change.input() + "=" + change.value())
                .collect(Collectors.joining(", "));
    }

    private static String title(Upstream.Change change, List<Upstream.Source> sources) {
        return sources.stream()
                .filter(source -> source.id().equals(change.nodeId()))
                .map(Upstream.Source::title)
                .findFirst()
                .orElse(change.nodeId());
    }

    /// Progress within one point.
    private final class Steps implements SamplingListener {

        private final int point;
        private final int points;
        private final String label;

        Steps(int point, int points, String label) {
            this.point = point;
            this.points = points;
            this.label = label;
        }

        @Override
        public void stepDone(int done, int total, Tensor clean) {
            report(done, total + 1);
        }

        void report(int done, int total) {
            context.status("point " + (point + 1) + "/" + points + ", " + label);
            context.progress(point * PARTS_OF_A_POINT + PARTS_OF_A_POINT * done / total, points * PARTS_OF_A_POINT);
        }
    }
}
