package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BitTracker;
import dev.quantreel.engines.schedule.BlockTracker;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.ModelFile;
import dev.quantreel.nodes.values.Otherwise;
import dev.quantreel.nodes.values.Trace;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizeNodesTest {

    private static final DiffusionModel MODEL = DiffusionModel.fullPrecision(
            new ModelFile(Path.of("m.safetensors"), "digest", ""),
            new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 128, 256, 16, 0, false)));

    private final TestContext context;

    QuantizeNodesTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    private DiffusionModel bgr(DiffusionModel model, int rounds, String keep) {
        return new BGRQuantize()
                .run(new BGRQuantize.Inputs(model, 4, rounds, 1e-4, keep), context)
                .model();
    }

    private DiffusionModel arq(DiffusionModel model, ARQActivation.Mode mode, double clip, int rotation) {
        return new ARQActivation()
                .run(
                        new ARQActivation.Inputs(
                                model,
                                mode,
                                ARQActivation.Bits.SIX,
                                32,
                                clip,
                                new RotatedInputs(rotation, 5, RotationChoice.BLOCKS, false, false)),
                        context)
                .model();
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void bgrAndArqTogetherAreDvdQuant() {
        DiffusionModel model = new ARQActivation()
                .run(
                        new ARQActivation.Inputs(
                                bgr(MODEL, 50, ""),
                                ARQActivation.Mode.AUTO,
                                ARQActivation.Bits.FOUR,
                                64,
                                0,
                                new RotatedInputs(256, 0, RotationChoice.BLOCKS, false, false)),
                        context)
                .model();

        assertThat(model.plan()).contains(QuantizationPlan.DVD_QUANT);
        assertThat(model.precision()).isEqualTo("W4A4");
        assertThat(model.activationBits()).isEqualTo(4);
    }

    @Test
    void weightsAloneKeepActivationsInFloatingPointAndUnrotated() {
        QuantizationPlan plan = bgr(MODEL, 50, "").plan().orElseThrow();

        assertThat(plan.activations()).isEqualTo(new ActivationQuantizer.FullPrecision());
        assertThat(plan.rotation()).isEqualTo(new RotationPlan.None());
        assertThat(bgr(MODEL, 50, "").precision()).isEqualTo("W4A16");
    }

    @Test
    void activationsAloneGetNearlyLosslessWeights() {
        DiffusionModel model = arq(MODEL, ARQActivation.Mode.TOKEN, 0, 256);

        assertThat(model.plan().orElseThrow().weightBits()).isEqualTo(8);
        assertThat(model.precision()).isEqualTo("W8A6");
    }

    @Test
    void noRefinementIsTheBoundSearchAlone() {
        assertThat(bgr(MODEL, 0, "").plan().orElseThrow().weights()).isEqualTo(new WeightQuantizer.Pbq());
        assertThat(bgr(MODEL, 7, "").plan().orElseThrow().weights()).isEqualTo(new WeightQuantizer.Bgr(7, 1e-4));
    }

    @Test
    void theLayerRuleIsAPatternOrNamesThePort() {
        assertThat(bgr(MODEL, 0, "ffn")
                        .plan()
                        .orElseThrow()
                        .layers()
                        .select(List.of("blocks.0.ffn.0", "blocks.0.self_attn.q")))
                .containsExactly("blocks.0.self_attn.q");
        assertRejected("keep", () -> bgr(MODEL, 0, "ffn("), "ffn(", "regular expression");
        assertRejected("keep", () -> bgr(MODEL, 0, "mlp"), "'mlp'", "none of the model's", ".ffn.2");
    }

    @ParameterizedTest
    @EnumSource(ARQActivation.Mode.class)
    void everyModeIsAQuantizerOfItsOwn(ARQActivation.Mode mode) {
        ActivationQuantizer quantizer =
                arq(MODEL, mode, 0, 256).plan().orElseThrow().activations();
        ClipRatios tuned = ClipRatios.BLOCK;

        assertThat(quantizer)
                .isEqualTo(
                        switch (mode) {
                            case AUTO ->
                                new ActivationQuantizer.Auto(
                                        new ActivationQuantizer.Block(32, tuned),
                                        new ActivationQuantizer.RowNormalized());
                            case BLOCK -> new ActivationQuantizer.Block(32, tuned);
                            case BLOCK_EXACT -> new ActivationQuantizer.BlockExact(32, tuned);
                            case TOKEN -> new ActivationQuantizer.Token();
                            case CHANNEL -> new ActivationQuantizer.Channel();
                            case CHANNEL_TOKEN ->
                                new ActivationQuantizer.ChannelToken(ActivationQuantizer.Statistic.ABSMAX);
                            case CHANNEL_TOKEN_RMS ->
                                new ActivationQuantizer.ChannelToken(ActivationQuantizer.Statistic.RMS);
                            case ROW_NORMALIZED -> new ActivationQuantizer.RowNormalized();
                        });
    }

    @Test
    void clipAndRotationAreTakenOver() {
        QuantizationPlan plan =
                arq(MODEL, ARQActivation.Mode.TOKEN, 0.8, 64).plan().orElseThrow();

        assertThat(plan.activations().clip(4)).isEqualTo(0.8f);
        assertThat(plan.rotation()).isEqualTo(new RotationPlan.Hadamard(64, 5));
        assertThat(arq(MODEL, ARQActivation.Mode.TOKEN, 0, 0)
                        .plan()
                        .orElseThrow()
                        .rotation())
                .isEqualTo(new RotationPlan.None());
        assertRejected("rotationBlock", () -> arq(MODEL, ARQActivation.Mode.TOKEN, 0, 13), "13");
    }

    @Test
    void minMaxCoversWeightsAndOnDemandActivations() {
        DiffusionModel weightsOnly = minMax(MODEL, MinMaxQuantize.ActivationBits.UNCHANGED);
        DiffusionModel both = minMax(MODEL, MinMaxQuantize.ActivationBits.FOUR);
        DiffusionModel withArq =
                minMax(arq(MODEL, ARQActivation.Mode.TOKEN, 0, 256), MinMaxQuantize.ActivationBits.UNCHANGED);

        assertThat(weightsOnly.plan().orElseThrow().weight())
                .isEqualTo(new WeightPlan(new WeightQuantizer.MinMax(), 4, new Granularity.PerTensor()));
        assertThat(weightsOnly.precision()).isEqualTo("W4A16");
        assertThat(both.plan().orElseThrow().activations()).isEqualTo(new ActivationQuantizer.TokenAsymmetric());
        assertThat(both.precision()).isEqualTo("W4A4");
        assertThat(withArq.plan().orElseThrow().activations()).isEqualTo(new ActivationQuantizer.Token());
    }

    private DiffusionModel minMax(DiffusionModel model, MinMaxQuantize.ActivationBits bits) {
        return new MinMaxQuantize()
                .run(new MinMaxQuantize.Inputs(model, 4, MinMaxQuantize.Range.TENSOR, bits, ""), context)
                .model();
    }

    @Test
    void theEngineIsChosenOrRefusedWithAList() {
        SelectEngine.Outputs out = new SelectEngine()
                .run(
                        new SelectEngine.Inputs(
                                MODEL, "ort-cpu", 2, SelectEngine.Products.REFERENCE, "", Otherwise.STOP),
                        context);

        assertThat(out.model().execution().engine()).isEqualTo(out.engine());
        assertThat(out.engine().threads()).isEqualTo(2);
        assertThat(out.model().execution().arithmetic()).isEqualTo(Arithmetic.FAKE_QUANT);
        assertThat(new AvailableEngines().options(context.folders()))
                .startsWith("auto")
                .contains("ort-cpu");
        assertRejected("engine", () -> selectEngine("abacus", "", Otherwise.BEST), "abacus", "ort-cpu");
    }

    @Test
    void anEngineThatIsNotHereStopsUnlessTheBestMayTakeItsPlace() {
        // ONNX Runtime's CUDA build is no part of the class path.
        assertRejected(
                "engine", () -> selectEngine("ort-gpu", "", Otherwise.STOP), "ort-gpu", "./quantreel install ort-gpu");

        EngineChoice instead = selectEngine("ort-gpu", "tf32", Otherwise.BEST);
        assertThat(instead.id()).isEqualTo("auto");
        assertThat(instead.settings()).as("settings of another engine").isEmpty();
        assertThat(instead.provider().probe()).isInstanceOf(EngineProvider.Availability.Available.class);
    }

    @Test
    void settingsReachTheEngineThatIsNamed() {
        assertRejected("settings", () -> selectEngine("auto", "tf32", Otherwise.STOP), "tf32", "name it");

        EngineChoice choice = selectEngine("ort-cpu", "device=1", Otherwise.STOP);
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> choice.open(context))
                .withMessageContainingAll("ort-cpu", "'device'", "none");
    }

    private EngineChoice selectEngine(String engine, String settings, Otherwise otherwise) {
        return new SelectEngine()
                .run(
                        new SelectEngine.Inputs(MODEL, engine, 0, SelectEngine.Products.INTEGER, settings, otherwise),
                        context)
                .engine();
    }

    private static List<Integer> bits(BitSchedule schedule, int steps) {
        BitTracker tracker = schedule.start(steps);
        return IntStream.range(0, steps).mapToObj(tracker::bits).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "CONSTANT, 8888",
        "STP, 4488",
        "ITP, 8844",
        "ABS, 8484",
    })
    void fixedSchedulesFollowTheirRule(FixedBitSchedule.Rule rule, String expected) {
        String found = bits(fixed(rule, ""), 4).stream().map(String::valueOf).reduce("", String::concat);

        assertThat(found).isEqualTo(expected);
    }

    @Test
    void theRandomScheduleHasAsManyLowAsHighSteps() {
        assertThat(bits(fixed(FixedBitSchedule.Rule.SBA, ""), 50))
                .filteredOn(bit -> bit == 4)
                .hasSize(25);
    }

    private BitSchedule fixed(FixedBitSchedule.Rule rule, String manual) {
        return new FixedBitSchedule()
                .run(new FixedBitSchedule.Inputs(rule, 4, 8, 3, manual), context)
                .schedule()
                .schedule();
    }

    @Test
    void manualBitsAreReadWithRepetitions() {
        assertThat(bits(fixed(FixedBitSchedule.Rule.MANUAL, "8, 8,4*3 ,6"), 6)).containsExactly(8, 8, 4, 4, 4, 6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8,x", "9", "8,,8", "4*0", "4*99999", "1"})
    void manualBitsThatCannotBeReadAreNamed(String text) {
        assertRejected("manualBits", () -> fixed(FixedBitSchedule.Rule.MANUAL, text), "'" + text + "'", "accepted");
    }

    @Test
    void lowBitsMustBeBelowHighBits() {
        assertRejected(
                "lowBits",
                () -> new FixedBitSchedule.Inputs(FixedBitSchedule.Rule.ABS, 8, 8, 0, ""),
                "8",
                "less than highBits");
        assertRejected(
                "lowBits",
                () -> new DeltaGBSScheduler.Inputs(
                        0.1, 8, 4, 1, 0, Optional.empty(), 6, 0, DeltaGBSScheduler.Scope.STEP),
                "8",
                "less than highBits");
    }

    @Test
    void deltaIsFoundForTheWantedMeanOnATrace() {
        DeltaGBSScheduler.Outputs out = new DeltaGBSScheduler()
                .run(
                        new DeltaGBSScheduler.Inputs(
                                0.1, 4, 8, 1, 0, Optional.of(trace(30)), 6, 0, DeltaGBSScheduler.Scope.STEP),
                        context);
        BitTracker tracker = out.schedule().schedule().start(30);
        double sum = 0;
        for (int step = 0; step < 30; step++) {
            sum += tracker.bits(step);
            if (step > 0) {
                tracker.observed(step, curve(step, 30));
            }
        }

        assertThat(sum / 30).isCloseTo(6, within(0.3));
        assertThat(out.delta()).isNotEqualTo(0.1);
        assertThat(context.statuses()).anyMatch(status -> status.contains("bits on average"));
        assertRejected(
                "trace",
                () -> new DeltaGBSScheduler()
                        .run(
                                new DeltaGBSScheduler.Inputs(
                                        0.1, 4, 8, 1, 0, Optional.of(trace(1)), 6, 0, DeltaGBSScheduler.Scope.STEP),
                                context),
                "single step");
        assertRejected(
                "meanBits",
                () -> new DeltaGBSScheduler.Inputs(
                        0.1, 4, 6, 1, 0, Optional.of(trace(3)), 7, 0, DeltaGBSScheduler.Scope.STEP),
                "4 to 6");
    }

    @Test
    void deltaByBlockIsFoundOnTheChangesOfTheBlocks() {
        DeltaGBSScheduler.Inputs plain = new DeltaGBSScheduler.Inputs(
                0.1, 4, 8, 1, 0, Optional.of(trace(30)), 6, 0, DeltaGBSScheduler.Scope.BLOCK);
        assertRejected("trace", () -> new DeltaGBSScheduler().run(plain, context), "run by block");
        List<SamplingTrace.Blocks> blocks = IntStream.range(0, 30)
                .mapToObj(step -> new SamplingTrace.Blocks(
                        List.of("blocks.0", "blocks.1"),
                        new SamplingTrace.BlockBits(
                                List.of(8, 4),
                                step == 0
                                        ? List.of(Double.NaN, Double.NaN)
                                        : List.of(curve(step, 30), 2 * curve(step, 30))),
                        new SamplingTrace.BlockBits(List.of(), List.of())))
                .toList();
        Trace recorded = new Trace(new SamplingTrace(trace(30).steps().steps(), List.of(), blocks), true, "W4A8");
        DeltaGBSScheduler.Outputs out = new DeltaGBSScheduler()
                .run(
                        new DeltaGBSScheduler.Inputs(
                                0.1, 4, 8, 1, 0, Optional.of(recorded), 6, 3, DeltaGBSScheduler.Scope.BLOCK),
                        context);

        assertThat(recorded.steps().meanActivationBits()).isEqualTo(6);
        assertThat(out.schedule().name()).contains("by block");
        BlockTracker tracker = out.schedule().schedule().startByBlock(30, true).orElseThrow();
        double sum = 0;
        for (int step = 0; step < 30; step++) {
            sum += tracker.bits(step, 2).stream().mapToInt(Integer::intValue).sum();
            if (step > 0) {
                tracker.observed(step, List.of(curve(step, 30), 2 * curve(step, 30)));
            }
        }
        assertThat(sum / 60).isCloseTo(6, within(0.3));
    }

    private static double curve(int step, int steps) {
        double position = 2.0 * step / steps - 1;
        return 0.05 + 0.2 * position * position;
    }

    private static Trace trace(int steps) {
        List<SamplingTrace.Step> list = IntStream.range(0, steps)
                .mapToObj(step -> new SamplingTrace.Step(
                        step,
                        0,
                        0,
                        8,
                        step == 0 ? Double.NaN : curve(step, steps),
                        SamplingTrace.Decision.COMPUTED,
                        SamplingTrace.Decision.COMPUTED,
                        new SamplingTrace.Elapsed(1, 1, 1, 1)))
                .toList();
        return new Trace(new SamplingTrace(list), true, "W4A8");
    }
}
