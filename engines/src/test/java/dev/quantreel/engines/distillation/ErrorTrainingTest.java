package dev.quantreel.engines.distillation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.StagedTrunk;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.torch.Objective;
import dev.quantreel.engines.torch.TorchEngine;
import dev.quantreel.engines.torch.TorchGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorTrainingTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final TinyTransformer TINY = new TinyTransformer("wan_t2v_diffusers.safetensors", 3);
    private static final ErrorEstimation.Options SOLVING = new ErrorEstimation.Options(24, 2, 0.01, 1 << 24);
    private static final ErrorTraining.Options SHORT = new ErrorTraining.Options(6, 0.02, 100, 1, 16);
    private static final Map<String, String> IDENTITY = Map.of("model", "tiny", "plan", "W3A6");

    @BeforeAll
    static void pyTorchIsThere() {
        assumeThat(TorchEngine.obstacle()).isEmpty();
    }

    @AfterAll
    static void close() {
        ORT.close();
    }

    private static QuantizationPlan plan() {
        QuantizationPlan dvd = QuantizationPlan.DVD_QUANT;
        return dvd.withWeights(new WeightQuantizer.Bgr(), 3)
                .withActivations(dvd.rotation(), new ActivationQuantizer.Block(64));
    }

    private static ErrorEstimation.Target target(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint.asPlanned(plan()), plan(), checkpoint.blockLinears(), QuantizationProgress.NONE, NONE);
        return new ErrorEstimation.Target(ORT, checkpoint, weights, LowRankBranches.NONE, 6);
    }

    private static Trajectories trajectories(TinyTransformer tiny, double cfg) {
        return new Trajectories(
                List.of(new Trajectories.Prompt(tiny.conditioning(12, 5), tiny.conditioning(13, 5))),
                new SamplerSettings(4, cfg, new SigmaSchedule.Linear(3)),
                tiny.latent().shape(),
                2,
                7);
    }

    private static ErrorTraining.Task task(Optional<TrainingStore> store) {
        return new ErrorTraining.Task(target(TINY), trajectories(TINY, 3), SOLVING, store);
    }

    private static ErrorTraining.Training train(Optional<TrainingStore> store) {
        return ErrorTraining.of(task(store), SHORT, (what, done, total) -> {}, NONE);
    }

    private static OnnxModel trunk(ErrorEstimation.Target target, LinearLayers linears, Dialect dialect) {
        return target.checkpoint()
                .graphs(linears, new TransformerCheckpoint.Options(dialect, Set.of()))
                .trunk();
    }

    private static LinearLayers rounded(ErrorEstimation.Target target) {
        return QuantizedLinears.fixed(target.weights(), QuantizedLinears.Arithmetic.FAKE_QUANT, 6);
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void theBlocksOfEveryFamilyPutOutInPyTorchWhatTheyDoInOnnxRuntime(TinyTransformer tiny) {
        ErrorEstimation.Target target = target(tiny);
        TrunkRecorder recorder = TrunkRecorder.of(ORT, false);
        try (DiffusionTransformer transformer = TrainingExamples.open(recorder, target, target.full())) {
            trajectories(tiny, 1).generate(transformer, 0, SamplingListener.NONE, NONE);
        }
        BlockChain chain = new BlockChain(
                trunk(target, rounded(target), Dialect.STANDARD),
                recorder.inputs().subList(0, 1));
        OnnxModel whole = trunk(target, rounded(target), Dialect.ONNX_RUNTIME);
        BlockChain reference = new BlockChain(whole, chain.states());
        List<Optional<String>> ends =
                StagedTrunk.ends(whole, target.checkpoint().blockLinears(), 1);
        assertThat(ends).hasSizeGreaterThan(1);
        for (Optional<String> end : ends) {
            StagedTrunk.Stage stage = chain.trunk().stage(end);
            StagedTrunk.Stage same = reference.trunk().stage(end);
            List<List<Tensor>> outputs = reference.run(same, Map.of(), ORT, NONE);
            Map<String, Tensor> inputs = new HashMap<>(chain.states().getFirst());
            inputs.keySet()
                    .retainAll(stage.model().proto().getGraph().getInputList().stream()
                            .map(input -> input.getName())
                            .toList());
            Map<String, Tensor> targets = new HashMap<>();
            for (int i = 0; i < stage.outputs().size(); i++) {
                targets.put(stage.outputs().get(i), outputs.getFirst().get(i));
            }
            try (TorchGraph torch = TorchGraph.open(ORT, stage.model())) {
                TorchGraph.Outcome outcome = torch.loss(
                        new TorchGraph.Example(inputs, targets), Map.of(), new Objective(0, Optional.empty()), NONE);
                assertThat(outcome.error()).as(tiny.file() + " up to " + end).isLessThan(1e-5);
            }
            if (end.isPresent()) {
                chain.advance(stage, outputs);
                reference.advance(same, outputs);
            }
        }
    }

    /// Weights of real sizes are unpacked at every run by operators that are tied to the extent of an activation.
    @Test
    void aWeightThatIsStreamedInFourBitsIsTheSameInPyTorch() {
        int width = 1024;
        MemoryCheckpoint checkpoint = new MemoryCheckpoint(
                "wide",
                Map.of(
                        "layer.weight",
                        Tensor.of(Shape.of(width, width), SyntheticData.gaussian(width * width, 0.02f, 3))),
                Map.of());
        QuantizedWeights weights =
                QuantizedWeights.of(checkpoint, plan(), List.of("layer"), QuantizationProgress.NONE, NONE);
        LinearLayers linears = QuantizedLinears.fixed(weights, QuantizedLinears.Arithmetic.FAKE_QUANT, 6);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("wide");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of("layer")), "layer");
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(width));
        OnnxModel model = graph.build(Map.of());
        assertThat(model.streamed()).isNotEmpty();
        Map<String, Tensor> inputs =
                Map.of("x", Tensor.of(Shape.of(1, 6, width), SyntheticData.gaussian(6 * width, 1, 4)));

        try (Session session = ORT.open(model);
                TorchGraph torch = TorchGraph.open(ORT, model)) {
            TorchGraph.Example example = new TorchGraph.Example(inputs, session.run(inputs, NONE));

            assertThat(torch.loss(example, Map.of(), new Objective(0, Optional.empty()), NONE)
                            .error())
                    .isLessThan(1e-9);
        }
    }

    @Test
    void trainingLowersTheLossOfExamplesItNeverSaw() {
        ErrorTraining.Training training = train(Optional.empty());

        assertThat(training.stages()).hasSize(2).allSatisfy(stage -> assertThat(stage.after())
                .isLessThan(stage.before()));
        assertThat(training.curve().stream().filter(point -> Double.isNaN(point.apart())))
                .hasSize(2 * SHORT.steps());
        ErrorEstimation.Estimate solved =
                ErrorEstimation.of(target(TINY), trajectories(TINY, 3), SOLVING, (what, done, total) -> {}, NONE);
        assertThat(training.estimate().digest()).isNotEqualTo(solved.digest());
        assertThat(training.estimate().branches().byLayer().keySet())
                .containsAll(solved.branches().byLayer().keySet());
    }

    /// Stops when a state with so many steps is on disk.
    private static void trainUntil(Path file, int steps) {
        boolean[] stop = {false};
        CancellationToken token = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return stop[0];
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        ErrorTraining.Listener listener = new ErrorTraining.Listener() {
            @Override
            public void report(String what, int done, int total) {}

            @Override
            public void learned(List<ErrorTraining.Point> curve) {
                stop[0] = curve.stream()
                                .filter(point -> Double.isNaN(point.apart()))
                                .count()
                        >= steps;
            }
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() ->
                        ErrorTraining.of(task(Optional.of(new TrainingStore(file, IDENTITY))), SHORT, listener, token));
    }

    @Test
    void aTrainingThatWasStoppedEndsWhereAnUninterruptedOneDoes(@TempDir Path folder) {
        ErrorTraining.Training whole = train(Optional.empty());
        Path file = folder.resolve("state.safetensors");

        trainUntil(file, 2);
        trainUntil(file, 9);
        List<Integer> steps = new ArrayList<>();
        ErrorTraining.Training resumed = ErrorTraining.of(
                task(Optional.of(new TrainingStore(file, IDENTITY))),
                SHORT,
                new ErrorTraining.Listener() {
                    @Override
                    public void report(String what, int done, int total) {
                        assertThat(what).doesNotContain("estimating");
                    }

                    @Override
                    public void learned(List<ErrorTraining.Point> curve) {
                        steps.add(curve.size());
                    }
                },
                NONE);

        assertThat(resumed.estimate().digest()).isEqualTo(whole.estimate().digest());
        assertThat(resumed.stages()).hasSize(2);
        assertThat(steps.getFirst()).as("what was done is there at once").isGreaterThan(6);
    }

    @Test
    void aStateOfAnotherModelOrPlanIsRefusedByWhatDiffers(@TempDir Path folder) {
        Path file = folder.resolve("state.safetensors");
        trainUntil(file, 1);

        assertThatExceptionOfType(TrainingStore.StateException.class)
                .isThrownBy(() -> train(Optional.of(new TrainingStore(file, Map.of("model", "tiny", "plan", "W4A6")))))
                .withMessageContainingAll(file.toString(), "another plan", "W3A6", "W4A6", "delete it");
    }

    @Test
    void aStateThatIsCutShortOrHoldsNaNIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("state.safetensors");
        TrainingStore store = new TrainingStore(file, IDENTITY);
        trainUntil(file, 1);
        byte[] bytes = Files.readAllBytes(file);

        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatExceptionOfType(TrainingStore.StateException.class)
                .isThrownBy(store::load)
                .withMessageContainingAll(file.toString(), "damaged", "delete it");

        Files.write(file, bytes);
        TrainingState state = store.load().orElseThrow();
        state.values().values().iterator().next()[0] = Float.NaN;
        store.save(state);
        assertThatExceptionOfType(TrainingStore.StateException.class)
                .isThrownBy(store::load)
                .withMessageContainingAll("NaN", "estimator:");
    }

    @Test
    void aLearningRateThatIsTooHighNeverMakesTheEstimateWorse() {
        ErrorTraining.Training training = ErrorTraining.of(
                task(Optional.empty()), new ErrorTraining.Options(4, 1, 0, 2, 16), (what, done, total) -> {}, NONE);

        assertThat(training.stages()).singleElement().satisfies(stage -> assertThat(stage.after())
                .isLessThanOrEqualTo(stage.before()));
    }

    @Test
    void valuesThatAreNotFiniteAreNamed() {
        Estimator broken = new Estimator(new float[] {1, Float.NaN}, new float[] {1}, new float[0]);

        assertThatIllegalStateException()
                .isThrownBy(() -> broken.branch("blocks.0.ffn.0"))
                .withMessageContainingAll("NaN", "blocks.0.ffn.0", "learning rate");
    }
}
