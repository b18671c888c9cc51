package dev.quantreel.server.config;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.tensor.LatentSpace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The memory plan of a transformer for usual sizes of video, in the precisions people take.
///
/// @param model the file
/// @param memory of this machine
record PlanTable(TransformerCheckpoint model, MachineMemory memory) {

    private static final String ROW = "%-22s %-7s %8s %8s %11s %8s %8s  %s";

    /// Small, 480p and 720p, of about the frames that releases default to.
    private static final List<Clip> CLIPS =
            List.of(new Clip(256, 256, 9), new Clip(832, 480, 81), new Clip(1280, 720, 81));

    /// @param width pixels, as `height`
    private record Clip(int width, int height, int frames) {}

    /// @param title for people
    private record Held(String title, Optional<QuantizationPlan> plan) {}

    private static List<Held> precisions() {
        return List.of(
                new Held("stored", Optional.empty()),
                new Held("W8A8", Optional.of(QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 8))),
                new Held("W4A8", Optional.of(QuantizationPlan.DVD_QUANT)));
    }

    /// A title, a row per size and precision in GB, and what the figures are.
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("memory     GB with guidance, " + MemoryPlan.gigabytes(memory.budgetBytes()) + " are there ("
                + memory.reason() + ")");
        lines.add(
                String.format(ROW, "clip", "model", "weights", "prompts", "activations", "rest", "peak", "fits here"));
        for (Clip clip : CLIPS) {
            LatentSize size = size(clip);
            for (Held held : precisions()) {
                lines.add(row(
                        clip,
                        held.title(),
                        MemoryPlan.of(model.architecture(), model, held.plan(), new MemoryPlan.Workload(size, 2))));
            }
        }
        lines.add(
                "attention takes the queries in chunks and is part of the activations; text encoder and VAE are phases of"
                        + " their own, planned by their nodes");
        return lines;
    }

    private String row(Clip clip, String title, MemoryPlan plan) {
        MemoryPlan.Phase phase = plan.peak();
        long weights = phase.bytes("quantized weights")
                + phase.bytes("weights read from the file")
                + phase.bytes("decoded weights")
                + phase.bytes("modulation weights")
                + phase.bytes("small weights");
        long prompts = phase.bytes("encoded prompts");
        long activations = phase.bytes("activations");
        return String.format(
                Locale.ROOT,
                ROW,
                clip.width + "x" + clip.height + "x" + pictures(clip) + " " + tokens(clip) + " t",
                title,
                MemoryPlan.gigabytes(weights),
                MemoryPlan.gigabytes(prompts),
                MemoryPlan.gigabytes(activations),
                MemoryPlan.gigabytes(phase.totalBytes() - weights - prompts - activations),
                MemoryPlan.gigabytes(phase.totalBytes()),
                plan.fits(memory) ? "yes" : "no");
    }

    private TransformerFacts facts() {
        return model.facts();
    }

    private long tokens(Clip clip) {
        return MemoryPlan.tokens(facts(), size(clip));
    }

    private LatentSpace space() {
        return facts().latent().space();
    }

    private int pictures(Clip clip) {
        return space().pictures(size(clip).frames());
    }

    /// The clip in whole patches, cut to what the model can make.
    private LatentSize size(Clip clip) {
        TransformerFacts.Patch patch = facts().latent().patch();
        LatentSpace space = space();
        int frames = space.temporalFactor() == 1 ? Math.min(16, clip.frames) : space.frames(clip.frames);
        return new LatentSize(
                Math.max(patch.frames(), frames),
                whole(clip.height / space.spatialFactor(), patch.height()),
                whole(clip.width / space.spatialFactor(), patch.width()));
    }

    private static int whole(int cells, int patch) {
        return Math.max(patch, cells / patch * patch);
    }
}
