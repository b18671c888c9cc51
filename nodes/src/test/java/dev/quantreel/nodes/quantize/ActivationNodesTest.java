package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.PublishedMethod;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Token Quantize, OrbitQuant Activation and Method Preset.
class ActivationNodesTest {

    private static final DiffusionModel MODEL = DiffusionModel.fullPrecision(
            new ModelFile(Path.of("m.safetensors"), "digest", ""),
            new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 128, 256, 16, 0, false)));

    private final TestContext context;

    ActivationNodesTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @ParameterizedTest
    @EnumSource(RotationChoice.class)
    void everyRotationIsAPlanOfItsOwn(RotationChoice choice) {
        QuantizationPlan plan = token(TokenQuantize.Scale.LARGEST, 0, 64, choice);

        assertThat(plan.rotation())
                .isEqualTo(
                        switch (choice) {
                            case BLOCKS -> new RotationPlan.Hadamard(64, 5);
                            case WHOLE_WIDTH -> new RotationPlan.Full(5);
                            case PERMUTED -> new RotationPlan.Permuted(5);
                            case REGULAR -> new RotationPlan.Regular(64);
                        });
        assertThat(plan.splitsMean()).isTrue();
        assertThat(token(TokenQuantize.Scale.LARGEST, 0, 0, choice).rotation()).isEqualTo(new RotationPlan.None());
    }

    @Test
    void aRotationThatDoesNotExistNamesThePort() {
        assertRejected(
                "rotationBlock",
                () -> token(TokenQuantize.Scale.LARGEST, 0, 128, RotationChoice.REGULAR),
                "128",
                "power of 4");
    }

    @ParameterizedTest
    @EnumSource(TokenQuantize.Scale.class)
    void everyScaleIsAQuantizerOfItsOwn(TokenQuantize.Scale scale) {
        ClipRatios asked = new ClipRatios(0.5f, 0.5f, 0.5f);
        assertThat(List.of(
                        token(scale, 0, 256, RotationChoice.BLOCKS).activations(),
                        token(scale, 0.5, 256, RotationChoice.BLOCKS).activations()))
                .isEqualTo(
                        switch (scale) {
                            case LARGEST ->
                                List.of(new ActivationQuantizer.Token(), new ActivationQuantizer.Token(asked));
                            case RMS ->
                                List.of(
                                        new ActivationQuantizer.RowNormalized(),
                                        new ActivationQuantizer.RowNormalized(asked));
                            case RANGE ->
                                List.of(
                                        new ActivationQuantizer.TokenAsymmetric(),
                                        new ActivationQuantizer.TokenAsymmetric());
                            case TWO_SIDED ->
                                List.of(new ActivationQuantizer.DualScale(), new ActivationQuantizer.DualScale(asked));
                        });
    }

    private QuantizationPlan token(TokenQuantize.Scale scale, double clip, int block, RotationChoice rotation) {
        return token(scale, clip, block, rotation, false);
    }

    private QuantizationPlan token(
            TokenQuantize.Scale scale, double clip, int block, RotationChoice rotation, boolean fuse) {
        return new TokenQuantize()
                .run(
                        new TokenQuantize.Inputs(
                                MODEL,
                                scale,
                                ARQActivation.Bits.EIGHT,
                                clip,
                                new RotatedInputs(block, 5, rotation, true, fuse)),
                        context)
                .model()
                .plan()
                .orElseThrow();
    }

    @Test
    void fusedValuesNeedARotation() {
        TokenQuantize.Scale scale = TokenQuantize.Scale.RMS;
        assertThat(token(scale, 0, 64, RotationChoice.BLOCKS, true).input().fusedValues())
                .isTrue();
        assertRejected("fuseValues", () -> token(scale, 0, 0, RotationChoice.BLOCKS, true), "rotationBlock is 0");
    }

    @ParameterizedTest
    @EnumSource(PublishedMethod.class)
    void everyPresetPlansWhatThePublishedMethodIs(PublishedMethod method) {
        DiffusionModel model = preset(method, 4);
        QuantizationPlan plan = model.plan().orElseThrow();

        assertThat(model.precision()).isEqualTo(method == PublishedMethod.VIDIT_Q ? "W4/8A6" : "W4A6");
        assertThat(plan).isEqualTo(method.plan(4));
        assertThat(plan.smoothing().needsStatistics()).isEqualTo(method.needsStatistics());
    }

    @Test
    void presetsOfOneMethodAfterTheOtherLeaveTheLastAndWhatThePersonAdded() {
        DiffusionModel model = new LowRankBranch()
                .run(new LowRankBranch.Inputs(preset(PublishedMethod.QUAROT, 4), 8, 2), context)
                .model();
        QuantizationPlan plan = model.plan().orElseThrow();
        assertThat(plan.branch()).isEqualTo(new BranchPlan.LowRank(8, 2));
        assertThat(plan.weights()).isEqualTo(new WeightQuantizer.Symmetric(true));
    }

    @Test
    void viditQBalancesOnceKeepsWhatIsNamedAndGivesTheMlpEightBits() {
        QuantizationPlan plan = new MethodPreset()
                .run(
                        new MethodPreset.Inputs(
                                MODEL, PublishedMethod.VIDIT_Q, 4, ARQActivation.Bits.EIGHT, "blocks\\.0\\."),
                        context)
                .model()
                .plan()
                .orElseThrow();
        List<String> layers =
                List.of("blocks.0.ffn.0", "blocks.1.self_attn.q", "blocks.1.cross_attn.v", "blocks.1.ffn.2");
        assertThat(plan.layers().bits(layers, 4))
                .containsExactly(
                        Map.entry("blocks.1.self_attn.q", 4),
                        Map.entry("blocks.1.cross_attn.v", 4),
                        Map.entry("blocks.1.ffn.2", 8));
        assertThat(plan.smoothing()).isEqualTo(new SmoothingPlan.FromStatistics(0.12));
        assertThat(plan.rotation()).isEqualTo(new RotationPlan.Hadamard(256, 0));
    }

    @Test
    void aPresetRefusesBitsThatItsWeightsDoNotHave() {
        assertRejected("weightBits", () -> preset(PublishedMethod.ORBIT_QUANT, 8), "8");
    }

    private DiffusionModel preset(PublishedMethod method, int weightBits) {
        return new MethodPreset()
                .run(new MethodPreset.Inputs(MODEL, method, weightBits, ARQActivation.Bits.SIX, ""), context)
                .model();
    }

    @Test
    void orbitQuantPermutesAndRoundsToCentroids() {
        DiffusionModel model = new OrbitQuantActivation()
                .run(new OrbitQuantActivation.Inputs(MODEL, ARQActivation.Bits.FOUR, 9, true), context)
                .model();

        assertThat(model.precision()).isEqualTo("W8A4");
        assertThat(model.plan().orElseThrow().rotation()).isEqualTo(new RotationPlan.Permuted(9));
        assertThat(model.plan().orElseThrow().activations()).isEqualTo(new ActivationQuantizer.Centroids(true));
    }
}
