package dev.quantreel.nodes.measure;

import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.engines.sampling.Expert;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a candidate costs. Its models are weighed while they are open: of two experts that take turns in memory, each
/// would have to be quantized again for it. Not thread-safe.
final class Weighed {

    private static final double UNQUANTIZED_BITS = 16;

    private final Candidate candidate;
    private final List<Expert> experts;
    private final NodeContext context;
    private final Map<Integer, WeightMemory> known = new HashMap<>();

    /// @param experts of the candidate's generation, one for each of its models
    Weighed(Candidate candidate, List<Expert> experts, NodeContext context) {
        this.candidate = candidate;
        this.experts = List.copyOf(experts);
        this.context = context;
    }

    /// The same models, weighed when they are opened.
    ///
    /// @param bits of them all
    List<Expert> experts(BitSchedule bits) {
        List<Expert> watched = new ArrayList<>();
        for (int i = 0; i < experts.size(); i++) {
            Expert expert = experts.get(i);
            Expert.Source source = new Watched(expert.model(), i);
            watched.add(new Expert(source, expert.guidance(), bits, expert.cache(), expert.leastTimestep()));
        }
        return watched;
    }

    private final class Watched implements Expert.Source {

        private final Expert.Source source;
        private final int index;

        Watched(Expert.Source source, int index) {
            this.source = source;
            this.index = index;
        }

        @Override
        public SplitModel open() {
            SplitModel model = source.open();
            known.computeIfAbsent(index, Weighed.this::memory);
            return model;
        }

        @Override
        public void release() {
            source.release();
        }
    }

    private WeightMemory memory(int index) {
        DiffusionModel model = candidate.models().get(index);
        try {
            return ModelAssembly.weights(model, context).memory();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(model.file().name() + ": " + e.getMessage(), e);
        }
    }

    /// Bits, bytes and seconds. Bytes are those of all models, also of one that no step fell to.
    Figures.Cost cost(SamplingTrace trace) {
        long bytes = 0;
        long original = 0;
        for (int i = 0; i < experts.size(); i++) {
            WeightMemory memory = known.computeIfAbsent(i, this::memory);
            bytes += memory.bytes();
            original += memory.originalBytes();
        }
        double weightBits = bytes == 0 ? UNQUANTIZED_BITS : UNQUANTIZED_BITS * bytes / original;
        return new Figures.Cost(activationBits(trace), weightBits, bytes, seconds(trace), trace.trunkPasses());
    }

    private double activationBits(SamplingTrace trace) {
        long quantized = candidate.models().stream()
                .filter(model -> model.activations().isPresent())
                .count();
        if (quantized == 0) {
            return UNQUANTIZED_BITS;
        }
        if (quantized == experts.size()) {
            return trace.meanActivationBits();
        }
        return trace.steps().stream()
                .filter(SamplingTrace.Step::isComputed)
                .mapToDouble(step -> isQuantized(at(step)) ? step.activationBits() : UNQUANTIZED_BITS)
                .average()
                .orElse(Double.NaN);
    }

    private boolean isQuantized(int index) {
        return candidate.models().get(index).activations().isPresent();
    }

    private int at(SamplingTrace.Step step) {
        return experts.indexOf(Expert.at(step.timestep(), experts));
    }

    /// Mean over the steps that do not warm a model up, or over all where each one does.
    private double seconds(SamplingTrace trace) {
        List<SamplingTrace.Step> steps = trace.steps();
        List<SamplingTrace.Step> warm = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            if (at(steps.get(i)) == at(steps.get(i - 1))) {
                warm.add(steps.get(i));
            }
        }
        return (warm.isEmpty() ? steps : warm)
                        .stream()
                                .mapToLong(step -> step.elapsed().totalNanos())
                                .average()
                                .orElse(Double.NaN)
                / 1e9;
    }
}
