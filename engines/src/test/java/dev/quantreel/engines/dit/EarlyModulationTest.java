package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.DiffusionTransformer.Form;
import dev.quantreel.engines.dit.DiffusionTransformer.Modulation;
import dev.quantreel.engines.dit.JointPassTest.Pair;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Vectors that follow from the time, computed before the steps, change nothing.
class EarlyModulationTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final List<Float> TIMES = List.of(900f, 600f, 250f);
    private static final float UNANNOUNCED = 431.5f;
    private static final float BOUND = 1e-6f;
    private static final String WEIGHT = ".weight";

    @AfterAll
    static void close() {
        ORT.close();
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.JointPassTest#pairs")
    void fullPrecisionIsWhatItIsWithModulationInEveryStep(Pair pair) {
        assertSame(pair, pair.floats());
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.JointPassTest#pairs")
    void soItIsWithQuantizedModulation(Pair pair) {
        assertSame(pair, QuantizedLinears.of(quantized(pair.checkpoint()), Arithmetic.INTEGER));
    }

    @Test
    void codesOfModulationServeAsWellFromAFile(@TempDir Path folder) throws IOException {
        Pair pair = Pair.of("hunyuan_video_diffusers.safetensors", 3);
        QuantizedWeights inMemory = quantized(pair.checkpoint());
        QuantizedWeights inFile = inMemory.withModulationsIn(matrix -> inFile(matrix, folder));

        inFile.modulations().forEach((layer, matrix) -> {
            assertThat(matrix.tiles().tiles())
                    .isNotEmpty()
                    .allMatch(tile -> tile.codes().data().isMapped());
            matrix.tiles().tiles().forEach(tile -> tile.codes().evict());
            assertThat(matrix.codes()
                            .data()
                            .mismatch(Objects.requireNonNull(
                                            inMemory.modulations().get(layer))
                                    .codes()
                                    .data()))
                    .as(layer)
                    .isEqualTo(-1);
        });
        assertThat(inFile.modulations())
                .hasSameSizeAs(pair.checkpoint().architecture().modulationLinears());
        assertThat(inFile.memory()).isEqualTo(inMemory.memory());
        List<Tensor> expected = predictions(pair, QuantizedLinears.of(inMemory, Arithmetic.INTEGER), Modulation.EARLY);
        List<Tensor> found = predictions(pair, QuantizedLinears.of(inFile, Arithmetic.INTEGER), Modulation.EARLY);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).data().mismatch(expected.get(i).data())).isEqualTo(-1);
        }
        try (var left = Files.list(folder)) {
            assertThat(left).as("files without a reader").isEmpty();
        }
    }

    private static QuantizedMatrix inFile(QuantizedMatrix matrix, Path folder) {
        try {
            return matrix.inFile(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.JointPassTest#pairs")
    void nothingButTheEarlyPartHoldsItsWeights(Pair pair) {
        TransformerCheckpoint checkpoint = pair.checkpoint();
        SplitGraphs graphs =
                checkpoint.graphs(pair.floats(), new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()));
        Set<String> time = checkpoint.architecture().timeInputs();
        GraphCut prelude = GraphCut.behindProductsOf(graphs.prelude(), time).orElseThrow();
        Optional<GraphCut> trunk = GraphCut.behindProductsOf(graphs.trunk(), Set.copyOf(prelude.values()));

        List<String> early = new ArrayList<>(names(prelude.first()));
        assertThat(early).isNotEmpty();
        assertThat(names(prelude.rest(DType.F32))).doesNotContainAnyElementsOf(early);
        trunk.ifPresent(cut -> {
            early.addAll(names(cut.first()));
            assertThat(names(cut.rest(DType.F32))).isNotEmpty().doesNotContainAnyElementsOf(early);
        });
        GraphCut.behindProductsOf(graphs.head(), Set.copyOf(prelude.values()))
                .ifPresent(cut -> early.addAll(names(cut.first())));
        Pattern linears = Pattern.compile(checkpoint.architecture().timeLinears());
        assertThat(early)
                .containsExactlyInAnyOrderElementsOf(checkpoint.names().stream()
                        .filter(name -> name.endsWith(WEIGHT))
                        .filter(name -> linears.matcher(name.substring(0, name.length() - WEIGHT.length()))
                                .matches())
                        .toList());
        assertThat(checkpoint.architecture().modulationLinears()).allMatch(layer -> early.contains(layer + WEIGHT));
        assertThat(checkpoint.blockLinears()).noneMatch(layer -> early.contains(layer + WEIGHT));
    }

    /// Initializers, inline ones included.
    private static List<String> names(OnnxModel model) {
        return model.proto().getGraph().getInitializerList().stream()
                .map(weight -> weight.getName())
                .filter(name -> name.endsWith(WEIGHT))
                .toList();
    }

    @Test
    void theVectorsOfAllAnnouncedTimesAreMadeByOneSessionEach() {
        Pair pair = Pair.of("hunyuan_video_diffusers.safetensors", 3);
        Counting engine = new Counting();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                engine, pair.checkpoint(), pair.floats(), LayerProbe.NONE, Form.of(Blocks.ONE_BRANCH))) {
            SplitModel model = transformer.bind(pair.conditional(), pair.conditional());
            model.schedule(TIMES);
            int before = engine.opened.size();
            pass(model, pair, TIMES.getFirst());

            assertThat(engine.opened.subList(before, engine.opened.size()))
                    .containsExactlyInAnyOrder(
                            "hunyuan-video-prelude-first", "hunyuan-video-head-first", "hunyuan-video-trunk-first");
            assertThat(engine.closed).containsExactlyElementsOf(engine.opened.subList(before, engine.opened.size()));

            int announced = engine.opened.size();
            TIMES.forEach(timestep -> pass(model, pair, timestep));
            assertThat(engine.opened).hasSize(announced);

            pass(model, pair, UNANNOUNCED);
            assertThat(engine.opened).hasSize(announced + 3);
        }
    }

    @Test
    void aPortionHoldsNoMoreThanItMay() {
        Pair pair = Pair.of("hunyuan_video_diffusers.safetensors", 3);
        Counting engine = new Counting();
        SplitGraphs graphs = pair.checkpoint()
                .graphs(pair.floats(), new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()));
        EarlyGraphs early =
                new EarlyGraphs(engine, pair.checkpoint().architecture().timeInputs());
        early.without(EarlyGraphs.Part.PRELUDE, graphs.prelude());
        StepVectors vectors = new StepVectors(early, 1);
        vectors.announce(TIMES);
        Map<String, Tensor> prompt = pair.checkpoint().architecture().conditioningInputs(pair.conditional());
        StepVectors.Pools pools = (timestep, names) -> {
            Map<String, Tensor> pool = new HashMap<>(prompt);
            pool.putAll(pair.checkpoint().architecture().stepInputs(pair.latent(), timestep, pair.conditional()));
            return pool;
        };
        StepVectors.Place place =
                new StepVectors.Place(EarlyGraphs.Part.PRELUDE, Branch.CONDITIONAL, LatentSize.of(pair.latent()));

        TIMES.forEach(timestep -> vectors.of(place, timestep, pools, NONE));

        assertThat(engine.opened).hasSize(TIMES.size());
        assertThat(engine.closed).hasSize(TIMES.size());
    }

    private static QuantizedWeights quantized(TransformerCheckpoint checkpoint) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4);
        return QuantizedWeights.of(checkpoint, plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE)
                .withModulations(
                        checkpoint.architecture().modulationLinears(),
                        checkpoint.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        NONE);
    }

    private static void assertSame(Pair pair, LinearLayers linears) {
        List<Tensor> every = predictions(pair, linears, Modulation.EVERY_STEP);
        List<Tensor> early = predictions(pair, linears, Modulation.EARLY);

        assertThat(early).hasSameSizeAs(every);
        for (int i = 0; i < every.size(); i++) {
            assertThat(LatentMetrics.relativeL2(early.get(i), every.get(i)))
                    .as("prediction " + i)
                    .isLessThan(BOUND);
        }
        assertThat(LatentMetrics.relativeL2(every.get(0), every.get(1)))
                .as("timesteps differ")
                .isGreaterThan(1e-3);
    }

    /// Announced times and another, in every form of the blocks.
    private static List<Tensor> predictions(Pair pair, LinearLayers linears, Modulation modulation) {
        List<Tensor> predictions = new ArrayList<>();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                ORT, pair.checkpoint(), linears, LayerProbe.NONE, new Form(Blocks.ONE_BRANCH, modulation))) {
            SplitModel model = transformer.bind(pair.conditional(), pair.unconditional());
            model.schedule(TIMES);
            List<Float> times = new ArrayList<>(TIMES);
            times.add(UNANNOUNCED);
            for (float timestep : times) {
                SplitModel.Prelude first = model.prelude(pair.latent(), timestep, Branch.CONDITIONAL, NONE);
                predictions.add(model.head(first, model.trunk(first, Branch.CONDITIONAL, 8, NONE), NONE));
            }
            float timestep = TIMES.get(1);
            SplitModel.Prelude first = model.prelude(pair.latent(), timestep, Branch.CONDITIONAL, NONE);
            SplitModel.Prelude second = model.prelude(pair.latent(), timestep, Branch.UNCONDITIONAL, NONE);
            predictions.add(model.head(second, model.trunk(second, Branch.UNCONDITIONAL, 8, NONE), NONE));
            SplitModel.Both both =
                    model.jointTrunk().orElseThrow(AssertionError::new).run(first, second, 8, NONE);
            predictions.add(model.head(first, both.conditional(), NONE));
            predictions.add(model.head(second, both.unconditional(), NONE));
            SplitModel.CutTrunk cut = model.cutTrunk().orElseThrow(AssertionError::new);
            SplitModel.FirstBlock block = cut.first(second, Branch.UNCONDITIONAL, 8, NONE);
            predictions.add(model.head(second, cut.later(block, 8, NONE), NONE));
        }
        return predictions;
    }

    private static void pass(SplitModel model, Pair pair, float timestep) {
        SplitModel.Prelude prelude = model.prelude(pair.latent(), timestep, Branch.CONDITIONAL, NONE);
        model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE);
    }

    /// Writes down what is opened and closed.
    private static final class Counting implements Engine {

        private final List<String> opened = new ArrayList<>();
        private final List<String> closed = new ArrayList<>();

        @Override
        public String id() {
            return ORT.id();
        }

        @Override
        public String description() {
            return ORT.description();
        }

        @Override
        public Session open(OnnxModel model) {
            opened.add(model.name());
            Session session = ORT.open(model);
            return new Session() {
                @Override
                public List<String> inputs() {
                    return session.inputs();
                }

                @Override
                public List<String> outputs() {
                    return session.outputs();
                }

                @Override
                public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
                    return session.run(inputs, cancellation);
                }

                @Override
                public void close() {
                    closed.add(model.name());
                    session.close();
                }
            };
        }

        @Override
        public void close() {}
    }
}
