package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.PreparedGraphs;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.export.ClipRange;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.ExportSource;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.ProfileShapes;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Typed graphs of a whole transformer through the engine, with the profiles that come with them, beside ONNX Runtime.
class ExportedTransformerTest {

    private static final CancellationToken NONE = CancellationToken.NONE;

    private final Path cache;
    private final FakeDevice device = new FakeDevice();
    private final SharedScratch scratch = new SharedScratch(device);
    private final Engine ort = new OrtEngineProvider().create(new EngineOptions(1));

    ExportedTransformerTest(@TempDir Path cache) {
        this.cache = cache;
    }

    @AfterEach
    void close() {
        ort.close();
    }

    private TensorRtEngine engine(FakeTensorRt library) {
        return new TensorRtEngine(
                new Workshop(
                        TensorRtSettings.defaults().withCache(cache),
                        new EngineCache(cache),
                        library.builder(),
                        library,
                        new Workshop.Gpu(device, device.newStream(), scratch)),
                () -> ort);
    }

    static QuantizedWeights quantized(TransformerCheckpoint checkpoint) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT;
        return QuantizedWeights.of(
                        checkpoint.asPlanned(plan), plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE)
                .withModulations(
                        checkpoint.architecture().modulationLinears(),
                        checkpoint.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        NONE);
    }

    private static OnnxExport.Result export(TinyTransformer tiny, QuantizedWeights weights, ExportForm form) {
        return export(tiny, weights, ExportSettings.of(form, ComputePrecision.FP32));
    }

    static OnnxExport.Result export(TinyTransformer tiny, QuantizedWeights weights, ExportSettings settings) {
        return new OnnxExport(
                        new ExportSource(tiny.checkpoint(), Optional.of(weights), LowRankBranches.NONE, true),
                        settings,
                        UnaryOperator.identity(),
                        NONE)
                .build();
    }

    private static SplitGraphs graphs(OnnxExport.Result result) {
        SequencedMap<String, OnnxModel> graphs = result.graphs();
        return new SplitGraphs(
                Optional.ofNullable(graphs.get("text")),
                Objects.requireNonNull(graphs.get("prelude")),
                Objects.requireNonNull(graphs.get("trunk")),
                Objects.requireNonNull(graphs.get("head")));
    }

    static TensorRtSettings.Profiles profiles(TinyTransformer tiny, OnnxExport.Result result) {
        ClipRange range = new ClipRange(
                new ClipRange.Clip(new LatentSize(tiny.frames(), 2, 2), 2),
                new ClipRange.Clip(new LatentSize(tiny.frames(), 4, 6), 5),
                new ClipRange.Clip(new LatentSize(tiny.frames(), 8, 8), 12));
        Map<String, OptimizationProfile> byName = new HashMap<>();
        ProfileShapes.of(tiny.checkpoint(), result.graphs(), range)
                .values()
                .forEach(profile -> byName.put(profile.model(), profile));
        assertThat(byName).hasSize(result.graphs().size());
        return graph -> Optional.ofNullable(byName.get(graph.name()));
    }

    private static Tensor prediction(TinyTransformer tiny, DiffusionTransformer transformer, int bits) {
        SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
        SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
        return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, bits, NONE), NONE);
    }

    private Tensor expected(TinyTransformer tiny, OnnxExport.Result result, LinearLayers linears) {
        PreparedGraphs onOrt = new PreparedGraphs(ort, graphs(result), Optional.empty(), Optional.empty());
        try (DiffusionTransformer transformer = DiffusionTransformer.prepared(tiny.checkpoint(), onOrt, linears)) {
            return prediction(tiny, transformer, 8);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "wan_t2v_diffusers.safetensors, 2",
        "ltx_diffusers.safetensors, 2",
        "cogvideox5b_diffusers.safetensors, 3",
        "hunyuan_video_diffusers.safetensors, 3",
        "latte_diffusers.safetensors, 3"
    })
    void everyGraphRunsWithinItsProfileAndStepsOfFewBitsHaveBlocksOfTheirOwn(String file, int frames)
            throws IOException {
        TinyTransformer tiny = new TinyTransformer(file, frames);
        QuantizedWeights weights = quantized(tiny.checkpoint());
        OnnxExport.Result high = export(tiny, weights, ExportForm.QDQ_INT8);
        OnnxExport.Result low = export(tiny, weights, ExportForm.INT4);
        FakeTensorRt library = new FakeTensorRt("grid");
        TensorRtEngine engine = engine(library);
        PreparedGraphs both = new PreparedGraphs(
                engine.with("W4A8 carried as int8", profiles(tiny, high)),
                graphs(high),
                Optional.empty(),
                Optional.of(new PreparedGraphs.FewBits(
                        4, engine.with("W4A16", profiles(tiny, low)), graphs(low), Optional.empty())));

        try (DiffusionTransformer transformer =
                DiffusionTransformer.prepared(tiny.checkpoint(), both, high.linears())) {
            Tensor eight = prediction(tiny, transformer, 8);
            Tensor four = prediction(tiny, transformer, 4);

            assertThat(LatentMetrics.relativeL2(eight, expected(tiny, high, high.linears())))
                    .isLessThan(1e-6);
            assertThat(LatentMetrics.relativeL2(prediction(tiny, transformer, 6), eight))
                    .isZero();
            assertThat(LatentMetrics.relativeL2(prediction(tiny, transformer, 8), eight))
                    .isZero();
            // Prelude and head are those of the steps of many bits; they hold no linears of blocks.
            assertThat(LatentMetrics.relativeL2(four, expected(tiny, low, low.linears())))
                    .isLessThan(1e-6);
            assertThat(LatentMetrics.relativeL2(four, eight)).isGreaterThan(1e-5);
        }
        engine.close();
        assertThat(library.builds).isEqualTo(distinct(high, low));
        assertThat(new EngineCache(cache).list())
                .extracting(CachedEngine::label)
                .containsOnly("W4A8 carried as int8", "W4A16");
        assertThat(device.open).hasValue(0);
    }

    /// Graphs that are equal in both forms have one engine.
    private static int distinct(OnnxExport.Result high, OnnxExport.Result low) {
        Set<String> distinct = new HashSet<>();
        high.graphs().values().forEach(graph -> distinct.add(EngineKey.graph(graph)));
        Stream.of("text", "trunk")
                .filter(low.graphs()::containsKey)
                .forEach(part -> distinct.add(
                        EngineKey.graph(Objects.requireNonNull(low.graphs().get(part)))));
        return distinct.size();
    }

    @Test
    void enginesThatWerePreparedAreNotBuiltAgainAndOtherClipsAreRefused() throws IOException {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 2);
        OnnxExport.Result result = export(tiny, quantized(tiny.checkpoint()), ExportForm.QDQ_INT8);
        FakeTensorRt library = new FakeTensorRt("grid");
        try (TensorRtEngine engine = engine(library)) {
            TensorRtEngine own = engine.with("W4A8 carried as int8", profiles(tiny, result));
            List<CachedEngine> made = result.graphs().values().stream()
                    .map(graph -> own.prepare(graph, message -> {}, NONE))
                    .toList();
            assertThat(made)
                    .extracting(CachedEngine::model)
                    .doesNotHaveDuplicates()
                    .hasSize(4);
            assertThat(engine.cached()).containsExactlyInAnyOrderElementsOf(new EngineCache(cache).list());
            assertThat(library.builds).isEqualTo(4);

            PreparedGraphs graphs = new PreparedGraphs(own, graphs(result), Optional.empty(), Optional.empty());
            try (DiffusionTransformer transformer =
                    DiffusionTransformer.prepared(tiny.checkpoint(), graphs, result.linears())) {
                prediction(tiny, transformer, 8);
                SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
                Tensor larger = TinyTransformer.random(3, 1, 16, 2, 10, 8);
                assertThatExceptionOfType(EngineException.class)
                        .isThrownBy(() -> model.prelude(larger, 600, Branch.CONDITIONAL, NONE))
                        .withMessageContainingAll("wan-prelude", "latent", "Build TensorRT Engine");
                assertThat(model.cutTrunk().toString()).contains("all blocks at once");
                assertThat(model.jointTrunk().toString()).contains("one branch at a time");
            }
            assertThat(library.builds).isEqualTo(4);
        }
    }
}
