package dev.quantreel.engines.dit;

import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.EarlyGraphs.Part;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.Ability;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A [DiffusionTransformer] with what leads one generation. What depends on the prompt alone is computed at the first
/// use of each branch and activation bit width, and kept; so are position tables per clip size.
final class BoundTransformer implements SplitModel {

    private final DiffusionTransformer transformer;
    private final TransformerArchitecture architecture;
    private final TransformerFacts.Latent facts;
    private final Map<Branch, BranchConditioning> conditionings = new EnumMap<>(Branch.class);
    private final Map<Branch, Map<String, Tensor>> inputs = new EnumMap<>(Branch.class);
    private final Map<TextKey, Map<String, Tensor>> texts = new HashMap<>();
    private final Map<Branch, Positions> positions = new EnumMap<>(Branch.class);
    private final StepVectors vectors;
    private final Set<String> earlyNames = new HashSet<>();
    private @Nullable Computed shared;
    private List<Float> schedule = List.of();

    /// Prefix of what the head reads of [StepVectors] among the outputs of a prelude.
    private static final String HEAD = "head:";

    private record TextKey(Branch branch, int bits) {}

    private record Positions(LatentSize size, Map<String, Tensor> tables) {}

    /// A prelude that serves both branches.
    private record Computed(Tensor latent, float timestep, Prelude prelude) {}

    BoundTransformer(
            DiffusionTransformer transformer, BranchConditioning conditional, BranchConditioning unconditional) {
        this.transformer = transformer;
        this.architecture = transformer.architecture();
        this.facts = architecture.facts().latent();
        this.vectors = new StepVectors(transformer.early(), StepVectors.PORTION_BYTES);
        bind(Branch.CONDITIONAL, conditional);
        if (unconditional == conditional) {
            conditionings.put(Branch.UNCONDITIONAL, conditional);
            inputs.put(Branch.UNCONDITIONAL, of(inputs, Branch.CONDITIONAL));
        } else {
            bind(Branch.UNCONDITIONAL, unconditional);
        }
    }

    private void bind(Branch branch, BranchConditioning conditioning) {
        conditionings.put(branch, conditioning);
        try {
            inputs.put(branch, architecture.conditioningInputs(conditioning));
        } catch (IllegalArgumentException e) {
            String which = branch == Branch.CONDITIONAL ? "conditional" : "unconditional";
            throw new IllegalArgumentException("the " + which + " branch: " + e.getMessage(), e);
        }
    }

    @Override
    public void schedule(List<Float> timesteps, List<Float> own) {
        schedule = List.copyOf(timesteps);
        shared = null;
        vectors.announce(own);
    }

    /// The timestep after this one, 0 after the last.
    private float next(float timestep) {
        float next = 0;
        for (float scheduled : schedule) {
            next = scheduled < timestep ? Math.max(next, scheduled) : next;
        }
        return next;
    }

    @Override
    public Prelude prelude(Tensor latent, float timestep, Branch branch, CancellationToken cancellation) {
        requireLatent(latent);
        Computed last = shared;
        if (last != null && last.latent == latent && last.timestep == timestep && isShared()) {
            return last.prelude;
        }
        BranchConditioning conditioning = of(conditionings, branch);
        LatentSize size = LatentSize.of(latent);
        Tensor input = modelInput(latent, conditioning);
        Map<String, Tensor> early = early(Part.PRELUDE, new Moment(branch, size, timestep), cancellation);
        Map<String, Tensor> pool = stepPool(branch, input, timestep);
        pool.putAll(positions(branch, size.padded(facts.patch())));
        pool.putAll(early);
        Map<String, Tensor> outputs = new HashMap<>(transformer.runPrelude(pool, cancellation));
        outputs.putAll(early);
        earlyNames.addAll(early.keySet());
        early(Part.HEAD, new Moment(branch, size, timestep), cancellation)
                .forEach((name, vector) -> outputs.put(HEAD + name, vector));
        Prelude prelude = new Prelude(
                timestep,
                Pools.required(outputs, SplitGraphs.TOKENS),
                outputs,
                size.frames(),
                size.height(),
                size.width());
        shared = new Computed(latent, timestep, prelude);
        return prelude;
    }

    /// What follows from the time alone is kept for other steps.
    @Override
    public void forget(Prelude prelude, Set<String> kept) {
        Computed last = shared;
        if (last != null && last.prelude == prelude) {
            shared = null;
        }
        prelude.outputs().forEach((name, value) -> {
            if (!name.startsWith(HEAD) && !earlyNames.contains(name) && !kept.contains(name)) {
                value.discard();
            }
        });
    }

    /// What changes from step to step, and what the prompt says.
    private Map<String, Tensor> stepPool(Branch branch, Tensor input, float timestep) {
        Map<String, Tensor> pool = new HashMap<>(of(inputs, branch));
        pool.putAll(architecture.stepInputs(input, timestep, of(conditionings, branch)));
        pool.putAll(architecture.nextStepInputs(next(timestep)));
        return pool;
    }

    /// When and where vectors are read that are computed early.
    private record Moment(Branch branch, LatentSize size, float timestep) {

        static Moment of(Prelude prelude, Branch branch) {
            LatentSize size = new LatentSize(prelude.frames(), prelude.height(), prelude.width());
            return new Moment(branch, size, prelude.timestep());
        }

        Moment at(float other) {
            return new Moment(branch, size, other);
        }

        Moment of(Branch other) {
            return new Moment(other, size, timestep);
        }
    }

    /// The vectors of a part, each part after those that it reads.
    private Map<String, Tensor> early(Part part, Moment moment, CancellationToken cancellation) {
        Branch branch = timeIsShared() ? Branch.CONDITIONAL : moment.branch;
        StepVectors.Pools pools = (timestep, names) -> switch (part) {
            case PRELUDE -> stepPool(branch, blank(moment.size), timestep);
            case TRUNK, HEAD -> early(Part.PRELUDE, moment.at(timestep), cancellation);
            case TRUNK_OF_BOTH ->
                new JointPool(
                                early(Part.PRELUDE, moment.at(timestep).of(Branch.CONDITIONAL), cancellation),
                                early(Part.PRELUDE, moment.at(timestep).of(Branch.UNCONDITIONAL), cancellation))
                        .inputs(names);
        };
        return vectors.of(new StepVectors.Place(part, branch, moment.size), moment.timestep, pools, cancellation);
    }

    /// A latent for inputs that follow from the number of its frames at most.
    private Tensor blank(LatentSize size) {
        return Tensor.zeros(DType.F32, Shape.of(1, facts.inChannels(), size.frames(), 1, 1));
    }

    /// Whether what follows from the time alone is the same for both branches.
    private boolean timeIsShared() {
        Map<String, Tensor> positive = of(inputs, Branch.CONDITIONAL);
        Map<String, Tensor> negative = of(inputs, Branch.UNCONDITIONAL);
        return knownFrames(Branch.CONDITIONAL) == knownFrames(Branch.UNCONDITIONAL)
                && architecture.timeInputs().stream().allMatch(name -> positive.get(name) == negative.get(name));
    }

    private int knownFrames(Branch branch) {
        return of(conditionings, branch)
                .image()
                .map(BranchConditioning.Image::knownFrames)
                .orElse(0);
    }

    /// Whether the prelude is the same for both branches.
    private boolean isShared() {
        return !architecture.preludeReadsConditioning()
                && of(conditionings, Branch.CONDITIONAL)
                        .image()
                        .equals(of(conditionings, Branch.UNCONDITIONAL).image());
    }

    /// The latent with the image's channels behind its own, filled up to whole patches.
    private Tensor modelInput(Tensor latent, BranchConditioning conditioning) {
        int additional = facts.inChannels() - facts.channels();
        Tensor joined = latent;
        if (additional > 0) {
            Tensor channels = conditioning
                    .image()
                    .flatMap(BranchConditioning.Image::channels)
                    .orElseGet(() -> noImage(LatentSize.of(latent), additional));
            joined = LatentPadding.concatenated(latent, channels);
        }
        return LatentPadding.pad(joined, facts.patch());
    }

    private Tensor noImage(LatentSize size, int channels) {
        if (facts.image() != TransformerFacts.Image.OPTIONAL_CHANNELS) {
            throw new IllegalArgumentException(
                    architecture.facts().variant() + " starts from an image, and none is given");
        }
        return Tensor.zeros(DType.F32, Shape.of(1, channels, size.frames(), size.height(), size.width()));
    }

    private void requireLatent(Tensor latent) {
        boolean fits = latent.dtype() == DType.F32
                && latent.shape().rank() == 5
                && latent.shape().dim(0) == 1
                && latent.shape().dim(1) == facts.channels()
                && latent.elements() > 0;
        if (!fits) {
            throw new IllegalArgumentException("the latent is " + latent.dtype() + latent.shape()
                    + "; this model takes F32[1x" + facts.channels() + "xframesxheightxwidth]");
        }
    }

    @Override
    public Tensor trunk(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        transformer.require(Blocks.ONE_BRANCH);
        return transformer.runTrunk(
                oneBranchPool(prelude, branch, activationBits, cancellation), activationBits, cancellation);
    }

    private Map<String, Tensor> trunkPool(
            Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> pool = new HashMap<>(of(inputs, branch));
        pool.putAll(positions(branch, padded(prelude)));
        pool.putAll(prelude.outputs());
        pool.putAll(text(branch, activationBits, cancellation));
        return pool;
    }

    /// What the blocks of one branch read.
    private Map<String, Tensor> oneBranchPool(
            Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> pool = trunkPool(prelude, branch, activationBits, cancellation);
        pool.putAll(early(Part.TRUNK, Moment.of(prelude, branch), cancellation));
        return pool;
    }

    @Override
    public Ability<JointTrunk> jointTrunk() {
        return Ability.of(
                this::runBoth,
                transformer.jointPassObstacle(
                        of(conditionings, Branch.CONDITIONAL), of(conditionings, Branch.UNCONDITIONAL)));
    }

    private Both runBoth(
            Prelude conditional, Prelude unconditional, int activationBits, CancellationToken cancellation) {
        transformer.require(Blocks.BOTH_BRANCHES);
        Map<String, Tensor> vectors =
                early(Part.TRUNK_OF_BOTH, Moment.of(conditional, Branch.CONDITIONAL), cancellation);
        Map<String, Tensor> first = trunkPool(conditional, Branch.CONDITIONAL, activationBits, cancellation);
        Map<String, Tensor> second = trunkPool(unconditional, Branch.UNCONDITIONAL, activationBits, cancellation);
        first.putAll(vectors);
        second.putAll(vectors);
        return transformer.runTrunkOfBoth(new JointPool(first, second), activationBits, cancellation);
    }

    @Override
    public Ability<BlockwiseTrunk> blockwiseTrunk() {
        List<String> blocks = transformer.blocks();
        return blocks.isEmpty() ? SplitModel.super.blockwiseTrunk() : new Ability.Present<>(new ByBlock(blocks));
    }

    /// The blocks at bits of their own.
    private final class ByBlock implements BlockwiseTrunk {

        private final List<String> blocks;

        ByBlock(List<String> blocks) {
            this.blocks = blocks;
        }

        @Override
        public List<String> blocks() {
            return blocks;
        }

        @Override
        public Blockwise run(Prelude prelude, Branch branch, List<Integer> bits, CancellationToken cancellation) {
            if (bits.size() != blocks.size()) {
                throw new IllegalArgumentException("there are bits for " + bits.size() + " blocks, and blocks " + blocks
                        + " that can have their own");
            }
            transformer.require(Blocks.BITS_BY_BLOCK);
            return transformer.runTrunkByBlock(
                    oneBranchPool(prelude, branch, BitSchedule.MAX_BITS, cancellation), bits, cancellation);
        }
    }

    @Override
    public Ability<CutTrunk> cutTrunk() {
        return Ability.of(new Cut(), transformer.firstBlockObstacle());
    }

    /// The first block apart from the others.
    private final class Cut implements CutTrunk {

        @Override
        public FirstBlock first(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
            transformer.require(Blocks.FIRST_BLOCK_APART);
            return transformer.runFirstBlock(
                    oneBranchPool(prelude, branch, activationBits, cancellation), activationBits, cancellation);
        }

        @Override
        public Tensor later(FirstBlock first, int activationBits, CancellationToken cancellation) {
            return transformer.runLaterBlocks(first, activationBits, cancellation);
        }
    }

    @Override
    public Tensor head(Prelude prelude, Tensor tokens, CancellationToken cancellation) {
        Map<String, Tensor> pool = new HashMap<>(positions(Branch.CONDITIONAL, padded(prelude)));
        pool.putAll(prelude.outputs());
        prelude.outputs().forEach((name, value) -> {
            if (name.startsWith(HEAD)) {
                pool.put(name.substring(HEAD.length()), value);
            }
        });
        pool.put(SplitGraphs.TOKENS, tokens);
        return LatentPadding.crop(
                transformer.runHead(pool, cancellation), prelude.frames(), prelude.height(), prelude.width());
    }

    private LatentSize padded(Prelude prelude) {
        return new LatentSize(prelude.frames(), prelude.height(), prelude.width()).padded(facts.patch());
    }

    private Map<String, Tensor> text(Branch branch, int activationBits, CancellationToken cancellation) {
        if (!transformer.readsText()) {
            return Map.of();
        }
        TextKey key = new TextKey(branch, transformer.bitsKey(activationBits));
        Map<String, Tensor> known = texts.get(key);
        if (known == null) {
            known = transformer.runText(of(inputs, branch), activationBits, cancellation);
            texts.put(key, known);
        }
        return known;
    }

    private Map<String, Tensor> positions(Branch branch, LatentSize size) {
        Positions known = positions.get(branch);
        if (known == null || !known.size.equals(size)) {
            known = new Positions(size, placedPositions(branch, size));
            positions.put(branch, known);
        }
        return known.tables;
    }

    /// Tables that the other branch has just so are placed once: a pass of both reads them as one input.
    private Map<String, Tensor> placedPositions(Branch branch, LatentSize size) {
        Map<String, Tensor> tables = new HashMap<>(architecture.positionInputs(size, of(conditionings, branch)));
        positions.forEach((other, placed) -> {
            if (other != branch && placed.size.equals(size)) {
                architecture
                        .positionInputs(size, of(conditionings, other))
                        .forEach((name, table) -> tables.computeIfPresent(
                                name,
                                (same, own) -> own.shape().equals(table.shape())
                                                && own.data().mismatch(table.data()) == -1
                                        ? Objects.requireNonNull(placed.tables.get(same))
                                        : own));
            }
        });
        return transformer.placed(tables);
    }

    private static <T> T of(Map<Branch, T> byBranch, Branch branch) {
        return Objects.requireNonNull(byBranch.get(branch));
    }
}
