package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.memory.FittingSizes;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.memory.MemoryPlan.Item;
import dev.quantreel.engines.memory.MemoryPlan.Workload;
import dev.quantreel.engines.memory.SamplingMemory;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.MemoryCheck;
import dev.quantreel.nodes.values.SharedFile;
import java.util.ArrayList;
import java.util.List;

/// The memory plan of a generation: its transformer or both experts, and the decoder of its previews. Text encoders are
/// closed before ([dev.quantreel.nodes.values.TextModel#makeRoom]) and planned by their own node, as is decoding.
///
/// @param in what the user asked for
/// @param context opens files
record SamplingCheck(SampleVideo.Inputs in, NodeContext context) {

    /// How it will be done.
    ///
    /// @param takesTurns whether each of two experts is closed before the other is opened, because both do not
    /// fit at once
    /// @param batched whether both branches of guidance fit in one pass
    record Outcome(boolean takesTurns, boolean batched) {}

    /// Refuses what does not fit: the passes of guidance that were asked for, under auto serial ones.
    ///
    /// @throws NodeInputException when it does not fit
    /// @throws Exception when a file cannot be opened
    Outcome require() throws Exception {
        SamplingMemory sampling = new SamplingMemory(models(), beside());
        boolean guided =
                in.cfg() != 1 || in.lowNoise().filter(low -> low.cfg() != 1).isPresent();
        Workload serial = new Workload(LatentSize.of(in.latent().samples()), guided ? 2 : 1).withSteps(in.steps());
        MemoryCheck check = MemoryCheck.now("latent");
        Workload work = PassChoice.name(in).equals(PassChoice.BATCHED) ? serial.batched() : serial;
        MemoryPlan plan = planned(sampling, work, check);
        check.require(plan, () -> new FittingSizes(sampling, check.memory()).instead(work), context);
        boolean takesTurns = sampling.takesTurns(work, check.memory());
        MemoryPlan batched = takesTurns ? sampling.inTurn(work.batched()) : sampling.together(work.batched());
        return new Outcome(takesTurns, batched.fits(check.memory()));
    }

    private static MemoryPlan planned(SamplingMemory sampling, Workload work, MemoryCheck check) {
        try {
            return sampling.plan(work, check.memory());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("model", "cannot be quantized as planned: " + e.getMessage(), e);
        }
    }

    private List<SamplingMemory.Model> models() throws Exception {
        List<SamplingMemory.Model> models = new ArrayList<>();
        if (in.lowNoise().isEmpty()) {
            models.add(model("sampling", in.model()));
        } else {
            models.add(model("high-noise expert", in.model()));
            models.add(model("low-noise expert", in.lowNoise().get().model()));
        }
        return models;
    }

    private SamplingMemory.Model model(String title, DiffusionModel model) throws Exception {
        SharedFile.Lease lease = model.file().open(context);
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(lease.file());
        return new SamplingMemory.Model(
                title,
                checkpoint.architecture(),
                checkpoint,
                model.plan(),
                lease.branches().bytes());
    }

    /// Previews decode one latent frame, and only where that is quick.
    private List<Item> beside() throws Exception {
        if (in.previewVae().isEmpty()) {
            return List.of();
        }
        VaeDecoder decoder = in.previewVae().get().open(context);
        Shape latent = in.latent().samples().shape();
        Shape frame = Shape.of(1, latent.dim(1), 1, latent.dim(3), latent.dim(4));
        long working = decoder.traits().isQuick() ? decoder.workingBytes(frame, DecodeOptions.AUTO) : 0;
        return List.of(new Item("decoder of previews", decoder.weightBytes() + working));
    }
}
