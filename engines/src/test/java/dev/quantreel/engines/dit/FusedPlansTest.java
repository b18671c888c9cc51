package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.plan.GraphPlan;
import dev.quantreel.engines.runtime.cuda.plan.Joint;
import dev.quantreel.engines.runtime.cuda.plan.Operand;
import dev.quantreel.engines.runtime.cuda.plan.PlanEngine;
import dev.quantreel.engines.runtime.cuda.plan.PlanInterpreter.Options;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.synth.TinyTransformers;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What plans of every family's trunk join, counted, and that it changes nothing but the rounding.
class FusedPlansTest {

    private static final System.Logger LOG = System.getLogger(FusedPlansTest.class.getName());
    private static final CancellationToken NONE = CancellationToken.NONE;

    /// Inputs of joined steps.
    private static final int SHIFT = 4;

    private static final int GATE = 6;
    private static final int RESIDUAL = 7;

    /// Relative: arrays between kernels in BF16, and codes that this turns.
    private static final double OF_BF16 = 1.2e-2;

    /// What is joined in a trunk of one or two blocks.
    ///
    /// @param name of the release that it is a small one of
    /// @param normalized norms with or without modulation that are part of a quantization
    /// @param gelus that are
    /// @param residuals in products
    /// @param rotated norms of queries or keys with their rotary positions
    /// @param inPlace arrays that are written where they are joined
    record Trunk(String name, int normalized, int gelus, int residuals, int rotated, int inPlace) {

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Trunk> trunks() {
        return Stream.of(
                new Trunk("wan2.1_t2v", 6, 2, 6, 4, 0),
                new Trunk("wan2.2_ti2v_5B", 6, 2, 6, 4, 0),
                new Trunk("hunyuan_video_t2v_720p", 5, 3, 6, 6, 4),
                new Trunk("hunyuanvideo1.5_480p_t2v", 7, 3, 6, 8, 4),
                new Trunk("ltx-video-2b-v0.9", 3, 2, 6, 4, 0),
                new Trunk("CogVideoX-5b", 8, 2, 6, 4, 0),
                new Trunk("CogVideoX1.5-5B", 8, 2, 6, 4, 0),
                new Trunk("Latte-1", 7, 4, 10, 0, 0));
    }

    private static BranchConditioning conditioning(TransformerCheckpoint checkpoint, long seed) {
        int width = checkpoint.facts().text().width();
        int pooled = checkpoint.facts().text().pooledWidth();
        return BranchConditioning.of(new PromptEmbedding(
                TinyTransformer.random(seed, 1, 5, width),
                5,
                pooled == 0 ? Optional.empty() : Optional.of(TinyTransformer.random(seed + 1, 1, pooled)),
                Optional.empty()));
    }

    private static Tensor prediction(Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            SplitModel model = transformer.bind(conditioning(checkpoint, 12), conditioning(checkpoint, 14));
            Tensor latent =
                    TinyTransformer.random(11, 1, checkpoint.facts().latent().channels(), 2, 4, 4);
            SplitModel.Prelude prelude = model.prelude(latent, 600, Branch.CONDITIONAL, NONE);
            return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE);
        }
    }

    /// A small model of a trunk's family and its weights in 4 bits.
    private record Model(SafetensorsFile file, TransformerCheckpoint checkpoint, QuantizedWeights weights)
            implements AutoCloseable {

        QuantizedLinears linears() {
            return QuantizedLinears.of(weights, Arithmetic.FUSED);
        }

        Tensor prediction(Options options) {
            return FusedPlansTest.prediction(new PlanEngine(options), checkpoint, linears());
        }

        @Override
        public void close() {
            file.close();
        }
    }

    private static Model model(Trunk trunk, Path folder) {
        TransformerRelease release = TinyTransformers.all().stream()
                .filter(tiny -> tiny.name().equals(trunk.name))
                .findFirst()
                .orElseThrow();
        String layout = release.family().layouts().getFirst().name();
        Path file = folder.resolve("tiny.safetensors");
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options(layout, DType.BF16, 0, 7))
                .write(file, written -> {}, NONE);
        SafetensorsFile opened = SafetensorsFile.open(file);
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(opened);
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint,
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                NONE);
        return new Model(opened, checkpoint, weights);
    }

    @ParameterizedTest
    @MethodSource("trunks")
    void everyTrunkJoinsWhatItHasAndNothingIsLeftOver(Trunk trunk, @TempDir Path folder) {
        Map<String, GraphPlan> plans = new HashMap<>();
        try (Model model = model(trunk, folder)) {
            prediction(new PlanEngine(Options.NARROW, plans::put), model.checkpoint, model.linears());
        }
        GraphPlan plan = plans.entrySet().stream()
                .filter(each -> each.getKey().endsWith("-trunk"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();

        assertThat(plan.count(Joint.NORM_IN_QUANTIZATION)).isEqualTo(trunk.normalized);
        assertThat(plan.count(Joint.GELU_IN_QUANTIZATION)).isEqualTo(trunk.gelus);
        assertThat(plan.count(Joint.RESIDUAL_IN_PRODUCT)).isEqualTo(trunk.residuals);
        assertThat(plan.count(Joint.NORM_WITH_ROTARY)).isEqualTo(trunk.rotated);
        assertThat(plan.count(Joint.ROWS_IN_PLACE)).isEqualTo(trunk.inPlace);
        assertThat(plan.steps())
                .extracting(Step::op)
                .doesNotContain(OnnxOp.Gelu, OnnxOp.Concat, OnnxOp.RotaryEmbedding, OnnxOp.ReduceMean);
        assertThat(plan.steps())
                .filteredOn(step -> step.op() == OnnxOp.MultiHeadAttention)
                .allSatisfy(step -> assertThat(step.out().dtype()).isEqualTo(DType.BF16));
        // The stream of residuals goes from graph to graph in F32.
        assertThat(plan.steps())
                .filteredOn(step -> step.op() == OnnxOp.LowBitMatMul && step.has(RESIDUAL))
                .allSatisfy(step -> assertThat(step.out().dtype()).isEqualTo(DType.F32));
    }

    @ParameterizedTest
    @MethodSource("trunks")
    void joiningChangesNothingAndBf16NoMoreThanItsRounding(Trunk trunk, @TempDir Path folder) {
        try (Model model = model(trunk, folder)) {
            Tensor plain = model.prediction(Options.PLAIN);
            Tensor narrow = model.prediction(Options.NARROW);

            assertThat(LatentMetrics.relativeL2(model.prediction(Options.FUSED), plain))
                    .isLessThan(1e-6);
            assertThat(LatentMetrics.relativeL2(narrow, plain)).isBetween(1e-4, OF_BF16);
            FloatLinears floats = new FloatLinears(new FloatWeights(model.checkpoint));
            Tensor exact = prediction(new PlanEngine(Options.PLAIN), model.checkpoint, floats);
            double error = LatentMetrics.relativeL2(plain, exact);
            double narrowError = LatentMetrics.relativeL2(narrow, exact);
            LOG.log(
                    Level.INFO,
                    "{0}: to full precision {1}, with BF16 between kernels {2}; apart {3}",
                    trunk,
                    error,
                    narrowError,
                    LatentMetrics.relativeL2(narrow, plain));
            assertThat(narrowError).as("distance to full precision").isLessThan(1.05 * error);
        }
    }

    @Test
    void aStreamOfResidualsInBf16CostsMoreThanEverythingElse(@TempDir Path folder) {
        try (Model model = model(trunks().findFirst().orElseThrow(), folder)) {
            Tensor plain = model.prediction(Options.PLAIN);
            Options residuals = Options.NARROW.withRounding(step -> step.has(RESIDUAL));

            assertThat(LatentMetrics.relativeL2(model.prediction(residuals), plain))
                    .isGreaterThan(1.4 * LatentMetrics.relativeL2(model.prediction(Options.NARROW), plain));
        }
    }

    @ParameterizedTest
    @MethodSource("trunks")
    void aShiftOrGateThatIsLostShows(Trunk trunk, @TempDir Path folder) {
        try (Model model = model(trunk, folder)) {
            Tensor plain = model.prediction(Options.PLAIN);

            assertThat(LatentMetrics.relativeL2(
                            model.prediction(Options.FUSED.withChange(s -> without(s, OnnxOp.RotateQuantize, SHIFT))),
                            plain))
                    .isGreaterThan(2 * OF_BF16);
            assertThat(LatentMetrics.relativeL2(
                            model.prediction(Options.FUSED.withChange(s -> without(s, OnnxOp.LowBitMatMul, GATE))),
                            plain))
                    .isGreaterThan(2 * OF_BF16);
        }
    }

    @ParameterizedTest
    @MethodSource("trunks")
    void theKernelsGiveWhatThePlanSays(Trunk trunk, @TempDir Path folder) {
        try (Model model = model(trunk, folder);
                HostSimulator simulator = HostSimulator.start();
                CudaEngine cuda = SimulatedEngine.open("attention=bf16 activations=f32");
                CudaEngine narrow = SimulatedEngine.open("attention=bf16")) {
            assertThat(simulator.context().memory().freeBytes()).isPositive();
            Tensor plain = model.prediction(Options.PLAIN);

            double joined = LatentMetrics.relativeL2(prediction(cuda, model.checkpoint, model.linears()), plain);
            double rounded = LatentMetrics.relativeL2(prediction(narrow, model.checkpoint, model.linears()), plain);

            LOG.log(Level.INFO, "{0}: kernels with F32 {1}, with BF16 {2}", trunk, joined, rounded);
            assertThat(joined).isLessThan(OF_BF16);
            assertThat(rounded).isLessThan(2 * OF_BF16);
        }
    }

    private static Step without(Step step, OnnxOp op, int input) {
        if (step.op() != op || !step.has(input)) {
            return step;
        }
        List<Optional<Operand>> inputs = new ArrayList<>(step.inputs());
        inputs.set(input, Optional.empty());
        return new Step(step.op(), step.node(), inputs, step.outputs(), step.scratch(), step.block());
    }
}
