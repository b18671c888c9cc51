package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.cache.FirstBlockCache;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingException;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BlockwiseGbs;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.DeltaTuning;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Blocks with activation bits of their own.
class BitsByBlockTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final int STEPS = 8;

    @AfterAll
    static void close() {
        ORT.close();
    }

    private static LinearLayers quantized(TransformerCheckpoint checkpoint) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4);
        return QuantizedLinears.of(
                QuantizedWeights.of(checkpoint, plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE),
                QuantizedLinears.Arithmetic.INTEGER);
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void equalBitsInAllBlocksAreTheBitsOfTheWhole(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(ORT, checkpoint, quantized(checkpoint))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.UNCONDITIONAL, NONE);
            SplitModel.BlockwiseTrunk trunk = model.blockwiseTrunk().orElseThrow(AssertionError::new);
            int blocks = trunk.blocks().size();
            Tensor whole = model.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE);

            SplitModel.Blockwise out = trunk.run(prelude, Branch.UNCONDITIONAL, Collections.nCopies(blocks, 8), NONE);

            assertThat(LatentMetrics.relativeL2(out.tokens(), whole)).isLessThan(1e-6);
            assertThat(out.contributions()).hasSize(blocks);
            Tensor first = model.cutTrunk()
                    .orElseThrow(AssertionError::new)
                    .first(prelude, Branch.UNCONDITIONAL, 8, NONE)
                    .tokens();
            float[] contribution = out.contributions().getFirst().toFloatArray();
            for (int i = 0; i < prelude.tokens().elements(); i++) {
                float expected = first.data().get(Tensor.FLOAT, 4L * i)
                        - prelude.tokens().data().get(Tensor.FLOAT, 4L * i);
                assertThat(contribution[i]).isCloseTo(expected, within(1e-4f));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void theBitsOfABlockActOnItAndOnWhatFollows(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                ORT, checkpoint, quantized(checkpoint), LayerProbe.NONE, DiffusionTransformer.Blocks.BITS_BY_BLOCK)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            SplitModel.BlockwiseTrunk trunk = model.blockwiseTrunk().orElseThrow(AssertionError::new);
            int blocks = trunk.blocks().size();
            List<Tensor> high = trunk.run(prelude, Branch.CONDITIONAL, Collections.nCopies(blocks, 8), NONE)
                    .contributions();
            for (int low = 0; low < blocks; low++) {
                List<Integer> bits = new ArrayList<>(Collections.nCopies(blocks, 8));
                bits.set(low, 4);
                List<Tensor> mixed =
                        trunk.run(prelude, Branch.CONDITIONAL, bits, NONE).contributions();
                for (int block = 0; block < low; block++) {
                    assertThat(mixed.get(block).data().mismatch(high.get(block).data()))
                            .as(trunk.blocks().get(block))
                            .isEqualTo(-1);
                }
                assertThat(LatentMetrics.relativeL2(mixed.get(low), high.get(low)))
                        .as(trunk.blocks().get(low))
                        .isGreaterThan(1e-3);
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trunk.run(prelude, Branch.CONDITIONAL, List.of(8), NONE))
                    .withMessageContaining("bits for 1 blocks");
        }
    }

    @Test
    void withoutBitsToChooseBlocksShareThem() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(ORT, checkpoint, new FloatLinears(new FloatWeights(checkpoint)))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            assertThat(model.blockwiseTrunk().use()).isEmpty();
            SamplingTrace trace = sampled(model, tiny, new BlockwiseGbs(DeltaGbs.of(0.2)), new StepCache.None())
                    .trace();
            assertThat(trace.blocks()).isEmpty();
        }
    }

    @Test
    void everyBlockOfEveryBranchFollowsItsOwnChanges() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(ORT, checkpoint, quantized(checkpoint))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            StepCache none = new StepCache.None();
            FlowSampler.Sampled pilot = sampled(model, tiny, new BlockwiseGbs(DeltaGbs.of(0)), none);

            assertSame("δ = 0 is 8 bits", sampled(model, tiny, new Constant(8), none), pilot);
            assertThat(pilot.trace().meanActivationBits()).isEqualTo(8);
            List<List<Double>> curves = pilot.trace().blockCurves();
            assertThat(curves)
                    .hasSize(2 * pilot.trace().blocks().getFirst().names().size())
                    .allMatch(curve -> curve.size() == STEPS - 1);
            assertThat(curves).doesNotHaveDuplicates();

            DeltaTuning tuning = DeltaTuning.tuneByBlock(curves, 6, DeltaGbs.of(0));
            assertThat(tuning.meanBits()).isCloseTo(6, within(0.3));
            BlockwiseGbs schedule = new BlockwiseGbs(tuning.schedule());
            FlowSampler.Sampled sampled = sampled(model, tiny, schedule, none);
            assertThat(sampled.trace().meanActivationBits()).isBetween(4.5, 7.5);
            assertThat(sampled.trace().blocks()).hasSize(STEPS);
            assertThat(bits(sampled.trace())).contains(4, 8);
            assertThat(sampled.trace().blocks().getFirst().conditional().bits()).containsOnly(8);
            assertSame("nothing is left of the generation before", sampled(model, tiny, schedule, none), sampled);
            BitSchedule replay = sampled.trace().replay();
            assertSame("the same bits again", sampled(model, tiny, replay, none), sampled);
        }
    }

    private static void assertSame(String what, FlowSampler.Sampled found, FlowSampler.Sampled expected) {
        assertThat(found.latent().data().mismatch(expected.latent().data()))
                .as(what)
                .isEqualTo(-1);
    }

    @Test
    void whatAStepCacheAnswersIsNotAskedOfTheBlocks() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(ORT, checkpoint, quantized(checkpoint))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            TeaCacheProfile profile =
                    TeaCacheProfile.of(checkpoint.facts().forStepCaches(LatentSize.of(tiny.latent())), false);
            BlockwiseGbs schedule = new BlockwiseGbs(DeltaGbs.of(0.2));
            SamplingTrace trace =
                    sampled(model, tiny, schedule, TeaCache.of(profile, 1e9)).trace();

            assertThat(trace.reusedPasses()).isGreaterThan(0);
            for (int step = 0; step < STEPS; step++) {
                assertThat(trace.blocks().get(step).conditional().bits().isEmpty())
                        .isEqualTo(trace.steps().get(step).conditional() == SamplingTrace.Decision.REUSED);
            }
            assertThatExceptionOfType(SamplingException.class)
                    .isThrownBy(() -> sampled(model, tiny, schedule, new FirstBlockCache(0.1, 0, StepWindow.ALL)))
                    .withMessageContaining("bits by step");
        }
    }

    private static List<Integer> bits(SamplingTrace trace) {
        return trace.blocks().stream()
                .flatMap(step -> step.conditional().bits().stream())
                .toList();
    }

    private static FlowSampler.Sampled sampled(
            SplitModel model, TinyTransformer tiny, BitSchedule bits, StepCache cache) {
        SamplerSettings settings = new SamplerSettings(
                STEPS,
                4,
                SigmaSchedule.named("linear", 3),
                new Euler(),
                tiny.checkpoint().facts().sampling().prediction().ofSampler());
        return new FlowSampler(model, settings, bits, cache).sample(tiny.latent(), SamplingListener.NONE, NONE);
    }
}
