package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A pass of both branches computes for each what a pass of it alone does.
class JointPassTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final Engine REFERENCE = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
    private static final float BOUND = 1e-5f;

    /// A tiny model of one family and two branches whose prompts differ in length.
    record Pair(
            String name,
            TransformerCheckpoint checkpoint,
            Tensor latent,
            BranchConditioning conditional,
            BranchConditioning unconditional) {

        static Pair of(String file, int frames) {
            TinyTransformer tiny = new TinyTransformer(file, frames);
            return new Pair(file, tiny.checkpoint(), tiny.latent(), tiny.conditioning(12, 5), tiny.conditioning(13, 9));
        }

        /// A file of Wan with an image and, where it says so, timesteps per frame.
        static Pair wan(String file, String config, BranchConditioning.Image image) {
            Checkpoint stored = new TinyTransformer(file, 3).stored();
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
            String metadata = stored.metadata().getOrDefault("config", "{}").replaceFirst("\\{", "{" + config + ", ");
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(
                    new MemoryCheckpoint(file, tensors, Map.of("config", metadata.replace(", }", "}"))));
            return new Pair(
                    file + " " + config,
                    checkpoint,
                    TinyTransformer.random(11, 1, 16, 3, 4, 6),
                    branch(14, 5, checkpoint, image),
                    branch(15, 9, checkpoint, image));
        }

        private static BranchConditioning branch(
                long seed, int tokens, TransformerCheckpoint checkpoint, BranchConditioning.Image image) {
            Tensor context = TinyTransformer.random(
                    seed, 1, tokens, checkpoint.facts().text().width());
            return new BranchConditioning(PromptEmbedding.of(context), Optional.of(image), OptionalDouble.empty());
        }

        /// Both branches, each in a pass of its own or both in one, through the head.
        List<Tensor> predictions(Engine engine, LinearLayers linears, int bits, boolean joint) {
            try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
                SplitModel model = transformer.bind(conditional, unconditional);
                SplitModel.Prelude first = model.prelude(latent, 600, Branch.CONDITIONAL, NONE);
                SplitModel.Prelude second = model.prelude(latent, 600, Branch.UNCONDITIONAL, NONE);
                SplitModel.Both tokens = joint
                        ? model.jointTrunk()
                                .orElseThrow(IllegalStateException::new)
                                .run(first, second, bits, NONE)
                        : new SplitModel.Both(
                                model.trunk(first, Branch.CONDITIONAL, bits, NONE),
                                model.trunk(second, Branch.UNCONDITIONAL, bits, NONE));
                return List.of(
                        model.head(first, tokens.conditional(), NONE),
                        model.head(second, tokens.unconditional(), NONE));
            }
        }

        LinearLayers floats() {
            return new FloatLinears(new FloatWeights(checkpoint));
        }

        LinearLayers quantized(QuantizationPlan plan) {
            return QuantizedLinears.of(
                    QuantizedWeights.of(checkpoint, plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE),
                    Arithmetic.INTEGER);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Pair> pairs() {
        Tensor cells = TinyTransformer.random(17, 1, 20, 3, 4, 6);
        Tensor features = TinyTransformer.random(18, 1, 7, 24);
        return Stream.of(
                Pair.of("wan_t2v_comfy.safetensors", 3),
                Pair.wan(
                        "wan_t2v_comfy.safetensors",
                        "\"text_len\": 12, \"expand_timesteps\": true",
                        new BranchConditioning.Image(Optional.empty(), Optional.empty(), 1)),
                Pair.wan(
                        "wan22_i2v_diffusers.safetensors",
                        "\"text_len\": 12",
                        new BranchConditioning.Image(Optional.of(cells), Optional.empty(), 0)),
                Pair.wan(
                        "wan_i2v_diffusers.safetensors",
                        "\"text_len\": 12",
                        new BranchConditioning.Image(Optional.of(cells), Optional.of(features), 0)),
                Pair.of("ltx_diffusers.safetensors", 2),
                Pair.of("cogvideox2b_diffusers.safetensors", 3),
                Pair.of("cogvideox5b_diffusers.safetensors", 3),
                Pair.of("cogvideox15_diffusers.safetensors", 4),
                Pair.of("hunyuan_video_diffusers.safetensors", 3),
                Pair.of("hunyuan_video_15_t2v_diffusers.safetensors", 2),
                Pair.of("hunyuan_video_15_i2v_diffusers.safetensors", 2),
                Pair.of("latte_diffusers.safetensors", 3));
    }

    @AfterAll
    static void close() {
        ORT.close();
        REFERENCE.close();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void fullPrecisionIsTheSameInOnePassAndInTwo(Pair pair) {
        for (Engine engine : List.of(ORT, REFERENCE)) {
            List<Tensor> serial = pair.predictions(engine, pair.floats(), 8, false);
            List<Tensor> joint = pair.predictions(engine, pair.floats(), 8, true);

            assertClose(engine.id(), joint, serial);
            assertThat(serial.get(0).data().mismatch(serial.get(1).data()))
                    .as("branches differ")
                    .isNotEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void quantizedCodesAreTheSameInOnePassAndInTwo(Pair pair) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4);
        for (Engine engine : List.of(ORT, REFERENCE)) {
            for (int bits : engine == ORT ? new int[] {8, 4} : new int[] {8}) {
                List<Tensor> serial = pair.predictions(engine, pair.quantized(plan), bits, false);
                List<Tensor> joint = pair.predictions(engine, pair.quantized(plan), bits, true);

                assertClose(engine.id() + " A" + bits, joint, serial);
            }
        }
    }

    /// Scales over all tokens see no token of the other branch, and none that only fills up.
    @ParameterizedTest
    @MethodSource("pairs")
    void scalesOverAllTokensStayWithinTheirBranch(Pair pair) {
        for (ActivationQuantizer quantizer : List.of(
                new ActivationQuantizer.Channel(),
                new ActivationQuantizer.ChannelToken(Statistic.ABSMAX),
                new ActivationQuantizer.BlockExact(16),
                new ActivationQuantizer.TokenAsymmetric())) {
            QuantizationPlan plan = QuantizationPlan.MIN_MAX.withActivations(new RotationPlan.None(), quantizer);
            List<Tensor> serial = pair.predictions(ORT, pair.quantized(plan), 6, false);
            List<Tensor> joint = pair.predictions(ORT, pair.quantized(plan), 6, true);

            assertClose(quantizer.toString(), joint, serial);
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void thePassOfBothReadsEveryTensorOfTheTrunkOnce(Pair pair) {
        Set<String> one = weights(pair.checkpoint
                .architecture()
                .graphs(pair.checkpoint, pair.floats(), Dialect.ONNX_RUNTIME)
                .trunk());
        Set<String> both = weights(
                pair.checkpoint.architecture().trunkOfBoth(pair.checkpoint, pair.floats(), Dialect.ONNX_RUNTIME));

        assertThat(both).isEqualTo(one);
    }

    private static Set<String> weights(OnnxModel model) {
        return model.weights().keySet();
    }

    @Test
    void aMeanOverTokensKeepsPromptsOfDifferentLengthsApart() {
        QuantizationPlan plan = QuantizationPlan.MIN_MAX.withActivations(
                new RotationPlan.None(), new ActivationQuantizer.ChannelToken(Statistic.RMS));
        Pair hunyuan = Pair.of("hunyuan_video_15_t2v_diffusers.safetensors", 2);

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> hunyuan.predictions(ORT, hunyuan.quantized(plan), 8, true))
                .withMessageContainingAll("HunyuanVideo 1.5", "5 and 9 tokens", "means over all tokens");

        Pair alike = new Pair(
                "alike",
                hunyuan.checkpoint,
                hunyuan.latent,
                hunyuan.conditional,
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2).conditioning(13, 5));
        assertClose(
                "alike",
                alike.predictions(ORT, alike.quantized(plan), 8, true),
                alike.predictions(ORT, alike.quantized(plan), 8, false));
        Pair ltx = Pair.of("ltx_diffusers.safetensors", 2);
        assertClose(
                "ltx",
                ltx.predictions(ORT, ltx.quantized(plan), 8, true),
                ltx.predictions(ORT, ltx.quantized(plan), 8, false));
    }

    @Test
    void branchesWithDifferentTimestepsAreRefused() {
        Pair known = Pair.wan(
                "wan_t2v_comfy.safetensors",
                "\"text_len\": 12, \"expand_timesteps\": true",
                new BranchConditioning.Image(Optional.empty(), Optional.empty(), 1));
        Pair other = new Pair(
                "other",
                known.checkpoint,
                known.latent,
                known.conditional,
                BranchConditioning.of(TinyWan.random(2, 1, 12, 32)));

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> other.predictions(ORT, other.floats(), 8, true))
                .withMessageContainingAll("1 given frames", "from 0");
    }

    @Test
    void watchedLayersRunOneBranchAtATime() {
        Pair pair = Pair.of("ltx_diffusers.safetensors", 2);
        LayerProbe probe = new LayerProbe(Set.of(pair.checkpoint.blockLinears().getFirst()), (layer, input) -> {});
        try (DiffusionTransformer transformer = DiffusionTransformer.open(ORT, pair.checkpoint, pair.floats(), probe)) {
            assertThat(transformer
                            .bind(pair.conditional, pair.unconditional)
                            .jointTrunk()
                            .obstacle())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("watched"));
        }
    }

    private static void assertClose(String what, List<Tensor> actual, List<Tensor> expected) {
        List<float[]> values = new ArrayList<>();
        actual.forEach(tensor -> values.add(tensor.toFloatArray()));
        for (int branch = 0; branch < 2; branch++) {
            assertThat(values.get(branch))
                    .as(what + ", branch " + branch)
                    .containsExactly(expected.get(branch).toFloatArray(), Offset.offset(BOUND));
        }
    }
}
