package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.GoldenText;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DiffusionTransformerTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Tensor TEXT = TinyWan.random(1, 1, 12, 32);
    private static final Tensor EMPTY = TinyWan.random(2, 1, 12, 32);

    private final TransformerCheckpoint checkpoint = TransformerCheckpoint.of(TinyWan.comfy());
    private final FloatLinears linears = new FloatLinears(new FloatWeights(checkpoint));
    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void anOddLatentIsPaddedWithItsFirstRowsAndColumnsAndCutAgain() {
        Tensor odd = TinyWan.random(3, 1, 16, 2, 3, 5);
        Tensor padded = Tensor.zeros(odd.dtype(), Shape.of(1, 16, 2, 4, 6));
        for (int plane = 0; plane < 32; plane++) {
            for (int y = 0; y < 4; y++) {
                for (int x = 0; x < 6; x++) {
                    float value = odd.data().get(Tensor.FLOAT, 4L * ((plane * 3 + y % 3) * 5 + x % 5));
                    padded.data().set(Tensor.FLOAT, 4L * ((plane * 4 + y) * 6 + x), value);
                }
            }
        }
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            SplitModel model = transformer.bind(TEXT, EMPTY);
            Tensor small = velocity(model, odd);
            Tensor large = velocity(model, padded);

            assertThat(small.shape()).isEqualTo(odd.shape());
            for (int plane = 0; plane < 32; plane++) {
                for (int y = 0; y < 3; y++) {
                    for (int x = 0; x < 5; x++) {
                        assertThat(small.data().get(Tensor.FLOAT, 4L * ((plane * 3 + y) * 5 + x)))
                                .isEqualTo(large.data().get(Tensor.FLOAT, 4L * ((plane * 4 + y) * 6 + x)));
                    }
                }
            }
        }
    }

    @Test
    void oneTransformerServesSeveralSizesInAnyOrder() {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            SplitModel model = transformer.bind(TEXT, EMPTY);
            Tensor latent = TinyWan.random(3, 1, 16, 3, 4, 6);
            float[] first = velocity(model, latent).toFloatArray();
            assertThat(velocity(model, TinyWan.random(4, 1, 16, 1, 2, 2)).shape())
                    .isEqualTo(Shape.of(1, 16, 1, 2, 2));

            assertThat(velocity(model, latent).toFloatArray()).isEqualTo(first);
        }
    }

    @Test
    void thePromptIsProcessedOncePerBranch() {
        CountingEngine counting = new CountingEngine(engine);
        try (DiffusionTransformer transformer = DiffusionTransformer.open(counting, checkpoint, linears)) {
            SplitModel model = transformer.bind(TEXT, EMPTY);
            for (float timestep : new float[] {1000, 500}) {
                SplitModel.Prelude prelude =
                        model.prelude(TinyWan.random(3, 1, 16, 1, 4, 4), timestep, Branch.CONDITIONAL, NONE);
                for (int bits : new int[] {8, 4}) {
                    model.trunk(prelude, Branch.CONDITIONAL, bits, NONE);
                    model.trunk(prelude, Branch.UNCONDITIONAL, bits, NONE);
                }
            }
        }
        assertThat(counting.runs)
                .containsEntry("wan-text", 2)
                .containsEntry("wan-prelude", 2)
                .containsEntry("wan-trunk", 8);
    }

    @Test
    void theBranchesDifferByTheirText() {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            SplitModel model = transformer.bind(TEXT, EMPTY);
            SplitModel swapped = transformer.bind(EMPTY, TEXT);
            SplitModel.Prelude prelude =
                    model.prelude(TinyWan.random(3, 1, 16, 1, 4, 4), 500, Branch.CONDITIONAL, NONE);
            float[] conditional =
                    model.trunk(prelude, Branch.CONDITIONAL, 8, NONE).toFloatArray();

            assertThat(swapped.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE).toFloatArray())
                    .isEqualTo(conditional);
            assertThat(model.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE).toFloatArray())
                    .isNotEqualTo(conditional);
        }
    }

    @Test
    void probesSeeTheInputsOfTheirLayers() {
        Map<String, Tensor> seen = new HashMap<>();
        LayerProbe probe = new LayerProbe(
                Set.of("blocks.0.self_attn.q", "blocks.0.self_attn.k", "blocks.1.ffn.2", "blocks.1.cross_attn.v"),
                seen::put);
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears, probe);
                DiffusionTransformer plain = DiffusionTransformer.open(engine, checkpoint, linears)) {
            Tensor latent = TinyWan.random(3, 1, 16, 1, 4, 4);
            float[] watched = velocity(transformer.bind(TEXT, EMPTY), latent).toFloatArray();
            float[] expected = velocity(plain.bind(TEXT, EMPTY), latent).toFloatArray();

            for (int i = 0; i < watched.length; i++) {
                assertThat(watched[i]).isCloseTo(expected[i], Offset.offset(1e-5f));
            }
        }
        assertThat(seen).hasSize(4);
        assertThat(seen.get("blocks.1.ffn.2")).extracting(Tensor::shape).isEqualTo(Shape.of(1, 4, 128));
        assertThat(seen.get("blocks.1.cross_attn.v")).extracting(Tensor::shape).isEqualTo(Shape.of(1, 12, 64));
        assertThat(seen.get("blocks.0.self_attn.q"))
                .extracting(Tensor::toFloatArray)
                .isEqualTo(Optional.ofNullable(seen.get("blocks.0.self_attn.k"))
                        .map(Tensor::toFloatArray)
                        .orElseThrow());
    }

    @Test
    void wrongTextsAndLatentsAreRefusedWithWhatIsAccepted() {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, checkpoint, linears)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transformer.bind(TinyWan.random(1, 1, 12, 33), EMPTY))
                    .withMessageContainingAll("conditional branch", "[1x12x33]", "this model reads 32", "UMT5-XXL");
            SplitModel model = transformer.bind(TEXT, EMPTY);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.prelude(TinyWan.random(1, 1, 4, 1, 2, 2), 1, Branch.CONDITIONAL, NONE))
                    .withMessageContainingAll("[1x4x1x2x2]", "1x16xframes");
        }
    }

    @Test
    void theStandardDialectComputesTheSame() {
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put("tokens", TinyWan.random(1, 1, 18, 64));
        inputs.put("time_projection", TinyWan.random(2, 1, 6, 64));
        RopeTable rope = RopeTable.of(new TokenGrid(3, 2, 3), List.of(12, 10, 10), 10_000, 0);
        inputs.put("rope_cos", rope.cos());
        inputs.put("rope_sin", rope.sin());
        for (int block = 0; block < 2; block++) {
            inputs.put("blocks." + block + ".k", TinyWan.random(3 + block, 1, 12, 64));
            inputs.put("blocks." + block + ".v", TinyWan.random(5 + block, 1, 12, 64));
        }
        OnnxModel standard = graphs(Dialect.STANDARD).trunk();
        assertThat(standard.proto().getGraph().getNodeList())
                .extracting(NodeProto::getDomain)
                .containsOnly("");
        assertThat(standard.proto().getGraph().getNodeList())
                .extracting(NodeProto::getOpType)
                .doesNotContain(OnnxOp.SimplifiedLayerNormalization.name());
        try (Session plain = engine.open(standard);
                Session fused = engine.open(graphs(Dialect.ONNX_RUNTIME).trunk())) {
            float[] expected = plain.run(inputs, "out", NONE).toFloatArray();
            float[] actual = fused.run(inputs, "out", NONE).toFloatArray();
            for (int i = 0; i < actual.length; i++) {
                assertThat(actual[i]).isCloseTo(expected[i], Offset.offset(5e-5f));
            }
        }
    }

    @Test
    void theGraphsAreThoseOfTheirDumps() throws IOException {
        SplitGraphs fused = graphs(Dialect.ONNX_RUNTIME);
        GoldenText.check("wan-text", fused.text().orElseThrow());
        GoldenText.check("wan-prelude", fused.prelude());
        GoldenText.check("wan-trunk", fused.trunk());
        GoldenText.check("wan-head", fused.head());
        GoldenText.check("wan-trunk-standard", graphs(Dialect.STANDARD).trunk());
    }

    private SplitGraphs graphs(Dialect dialect) {
        return checkpoint.graphs(linears, new TransformerCheckpoint.Options(dialect, Set.of()));
    }

    private static Tensor velocity(SplitModel model, Tensor latent) {
        SplitModel.Prelude prelude = model.prelude(latent, 731.5f, Branch.CONDITIONAL, NONE);
        return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE);
    }

    /// Counts the runs of each model.
    private static final class CountingEngine implements Engine {

        private final Engine engine;
        private final Map<String, Integer> runs = new HashMap<>();

        CountingEngine(Engine engine) {
            this.engine = engine;
        }

        @Override
        public String id() {
            return engine.id();
        }

        @Override
        public String description() {
            return engine.description();
        }

        @Override
        public Session open(OnnxModel model) {
            Session session = engine.open(model);
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
                    runs.merge(model.name(), 1, Integer::sum);
                    return session.run(inputs, cancellation);
                }

                @Override
                public void close() {
                    session.close();
                }
            };
        }

        @Override
        public void close() {}
    }
}
