package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.sampling.Expert;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The models of a generation, in turn.
///
/// @param in what the user asked for
/// @param context opens and closes models
/// @param room what fits into memory at once
record ModelTurns(SampleVideo.Inputs in, NodeContext context, SamplingCheck.Outcome room) {

    private static final double TIME_OF_NOISE = 1000;

    /// @param bits of all; empty leaves each model its own
    /// @throws NodeInputException when the two models do not belong together
    List<Expert> experts(Optional<BitSchedule> bits) {
        List<Expert> experts = new ArrayList<>();
        double boundary = in.lowNoise().map(LowNoiseModel::boundary).orElse(0.0);
        experts.add(expert(in.model(), in.cfg(), bits, boundary));
        in.lowNoise().ifPresent(low -> {
            requirePair(in.model().facts(), low.model().facts());
            experts.add(expert(low.model(), low.cfg(), bits, 0));
        });
        return experts;
    }

    private Expert expert(DiffusionModel model, double cfg, Optional<BitSchedule> asked, double boundary) {
        BitSchedule bits = asked.orElseGet(() -> new Constant(model.activationBits()));
        BranchConditioning positive = branch("positive", model);
        BranchConditioning negative = cfg == 1 ? positive : branch("negative", model);
        StepCache cache = in.stepCache().map(plan -> cache(plan, model)).orElse(new StepCache.None());
        Guidance guidance = new PassChoice(in, context, room.batched()).guidance(model, cfg, positive, negative);
        Blocks blocks = blocks(model, cache, bits, guidance);
        Expert.Source source = new Expert.Source() {
            @Override
            public SplitModel open() {
                return opened(model, blocks, positive, negative);
            }

            @Override
            public void release() {
                if (room.takesTurns()) {
                    closed(model);
                }
            }
        };
        return new Expert(source, guidance, bits, cache, TIME_OF_NOISE * boundary);
    }

    /// In which form the blocks will run.
    private Blocks blocks(DiffusionModel model, StepCache cache, BitSchedule bits, Guidance guidance) {
        if (cache.reach() == StepCache.Reach.LATER_BLOCKS) {
            return Blocks.FIRST_BLOCK_APART;
        }
        boolean byBlock = model.activations().isPresent()
                && bits.startByBlock(in.steps(), true).isPresent();
        return byBlock ? Blocks.BITS_BY_BLOCK : Blocks.of(guidance.passes());
    }

    private StepCache cache(CachePlan plan, DiffusionModel model) {
        CachePlan.Target target = new CachePlan.Target(
                model.facts(),
                LatentSize.of(in.latent().samples()),
                in.steps(),
                model.activations().isPresent());
        try {
            return plan.resolve(target);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("stepCache", String.valueOf(e.getMessage()), e);
        }
    }

    private SplitModel opened(
            DiffusionModel model, Blocks blocks, BranchConditioning positive, BranchConditioning negative) {
        DiffusionTransformer transformer;
        try {
            transformer = ModelAssembly.transformer(model, blocks, context);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(model.file().name() + ": " + e.getMessage(), e);
        }
        try {
            return transformer.bind(positive, negative);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("positive", String.valueOf(e.getMessage()), e);
        }
    }

    private void closed(DiffusionModel model) {
        try {
            ModelAssembly.release(model, context);
            context.status("closed " + model.file().name() + " to make room");
        } catch (Exception e) {
            throw new IllegalStateException(model.file().name() + ": " + e.getMessage(), e);
        }
    }

    private BranchConditioning branch(String port, DiffusionModel model) {
        TransformerFacts facts = model.facts();
        BranchConditioning branch = new PaddedText(facts, context)
                .of(port, port.equals("positive") ? in.positive() : SampleVideo.negative(in));
        boolean firstFrame = facts.latent().image() == TransformerFacts.Image.FIRST_FRAME;
        if (firstFrame && in.latent().knownFrames() > 0) {
            BranchConditioning.Image known = new BranchConditioning.Image(
                    Optional.empty(), Optional.empty(), in.latent().knownFrames());
            return new BranchConditioning(branch.text(), Optional.of(known), branch.guidance());
        }
        boolean readsImage = facts.latent().image() == TransformerFacts.Image.CHANNELS
                || facts.latent().image() == TransformerFacts.Image.CHANNELS_AND_FEATURES;
        if (readsImage && branch.image().isEmpty()) {
            throw new NodeInputException(
                    port,
                    "has no image, but " + facts.variant()
                            + " starts from one; accepted is a prompt that went through Image To Video");
        }
        return branch;
    }

    private static void requirePair(TransformerFacts high, TransformerFacts low) {
        if (!high.sharesGenerationsWith(low)) {
            throw new NodeInputException(
                    "lowNoise",
                    "is " + low.variant() + ", while model is " + high.variant()
                            + "; accepted is the low-noise model of the same release");
        }
    }
}
