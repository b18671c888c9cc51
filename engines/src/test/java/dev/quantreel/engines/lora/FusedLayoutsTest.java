package dev.quantreel.engines.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.convert.ComfyConversion;
import dev.quantreel.engines.convert.ComfyFormat;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// HunyuanVideo fuses q, k, v and the feed-forward input differently in each of its layouts.
class FusedLayoutsTest {

    private static final TransformerCheckpoint TINY =
            new TinyTransformer("hunyuan_video_diffusers.safetensors", 3).checkpoint();
    private static final int RANK = 2;

    private final Path folder;

    FusedLayoutsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static List<KeyLayout> layouts() {
        return TINY.family().layouts();
    }

    static Stream<Arguments> pairs() {
        int count = layouts().size();
        return IntStream.range(0, count * count)
                .mapToObj(i -> Arguments.of(
                        layouts().get(i / count).name(),
                        layouts().get(i % count).name()));
    }

    private static KeyLayout layout(String name) {
        return layouts().stream()
                .filter(layout -> layout.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private CheckpointFile model(String layout) {
        Path path = folder.resolve("model.safetensors");
        SyntheticCheckpoint.of(
                        TINY.family(), TINY.architecture(), new SyntheticCheckpoint.Options(layout, DType.F32, 0, 3))
                .write(path, bytes -> {}, CancellationToken.NONE);
        Path configured = folder.resolve("configured.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            file.names().forEach(name -> tensors.put(name, file.tensor(name)));
            SafetensorsWriter.write(configured, tensors, TINY.metadata());
        }
        return CheckpointFiles.open(configured);
    }

    @ParameterizedTest(name = "model {0}, LoRA {1}")
    @MethodSource("pairs")
    void loraInOneLayoutReachesThePartsOfAModelInAnother(String modelLayout, String loraLayout) {
        Map<String, Shape> targets = targets(layout(loraLayout));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        targets.forEach((name, shape) -> {
            String layer = "diffusion_model." + name.substring(0, name.length() - ".weight".length());
            long seed = name.hashCode();
            tensors.put(layer + ".lora_A.weight", TinyTransformer.random(seed, RANK, shape.dim(1)));
            tensors.put(layer + ".lora_B.weight", TinyTransformer.random(seed + 1, shape.dim(0), RANK));
        });
        LoraFile lora = LoraFile.of(new MemoryCheckpoint("lora.safetensors", tensors, Map.of()));

        try (CheckpointFile file = model(modelLayout)) {
            LoraCheckpoint merged = LoraCheckpoint.of(file, lora, 1);

            assertThat(merged.unmatched()).isEmpty();
            TransformerCheckpoint before = TransformerCheckpoint.of(file);
            TransformerCheckpoint after = TransformerCheckpoint.of(merged);
            assertThat(before.layout()).isEqualTo(modelLayout);
            for (String canonical : before.names()) {
                TensorSlice slice = layout(loraLayout).locate(canonical);
                if (targets.containsKey(slice.name())) {
                    assertMoved(before, after, canonical, slice);
                }
            }
        }
    }

    @ParameterizedTest(name = "model {0}, LoRA {1}")
    @MethodSource("pairs")
    void branchesOfFusedMatricesAreTheMergedLora(String modelLayout, String loraLayout) {
        TinyTransformer tiny = new TinyTransformer("hunyuan_video_diffusers.safetensors", 3);
        Engine engine = new OrtEngineProvider().create(new EngineOptions(1));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        targets(layout(loraLayout)).forEach((name, shape) -> {
            String layer = "diffusion_model." + name.substring(0, name.length() - ".weight".length());
            long seed = name.hashCode();
            tensors.put(layer + ".lora_A.weight", narrow(seed, RANK, shape.dim(1)));
            tensors.put(layer + ".lora_B.weight", narrow(seed + 1, shape.dim(0), RANK));
        });
        LoraFile lora = LoraFile.of(new MemoryCheckpoint("lora.safetensors", tensors, Map.of()));

        try (CheckpointFile file = model(modelLayout)) {
            LoraCheckpoint beside = LoraCheckpoint.of(file, lora, 0.05, LoraForm.BRANCH);
            LowRankBranches branches = beside.branches();
            float[] plain = prediction(tiny, engine, file, LowRankBranches.NONE);
            float[] merged = prediction(tiny, engine, LoraCheckpoint.of(file, lora, 0.05), LowRankBranches.NONE);
            float[] branched = prediction(tiny, engine, beside, branches);

            assertThat(branches.byLayer().keySet()).containsExactlyInAnyOrderElementsOf(TINY.blockLinears());
            assertThat(branches.bytes())
                    .isEqualTo(tensors.values().stream()
                            .mapToLong(tensor -> tensor.data().byteSize())
                            .sum());
            assertThat(beside.changed()).isZero();
            double change = 0;
            double worst = 0;
            for (int i = 0; i < merged.length; i++) {
                change = Math.max(change, Math.abs(merged[i] - plain[i]));
                worst = Math.max(worst, Math.abs(branched[i] - merged[i]));
            }
            assertThat(change).as("what the LoRA does").isGreaterThan(1e-2);
            assertThat(worst).isLessThan(1e-5);
        }
    }

    private static Tensor narrow(long seed, long... dims) {
        return Conversions.fromF32(TinyTransformer.random(seed, dims), DType.F16);
    }

    private static float[] prediction(TinyTransformer tiny, Engine engine, Checkpoint model, LowRankBranches branches) {
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(model);
        LinearLayers linears = LowRankLinears.of(new FloatLinears(new FloatWeights(checkpoint)), branches);
        return tiny.prediction(engine, checkpoint, linears).toFloatArray();
    }

    /// The matrices of the first blocks as a layout has them.
    private static Map<String, Shape> targets(KeyLayout layout) {
        Map<String, Shape> targets = new LinkedHashMap<>();
        for (String linear : TINY.blockLinears()) {
            TensorSlice slice = layout.locate(linear + ".weight");
            long[] dims = TINY.shape(linear + ".weight").toArray();
            dims[slice.axis()] = dims[slice.axis()] / slice.count() * slice.parts();
            targets.put(slice.name(), Shape.of(dims));
        }
        return targets;
    }

    private static void assertMoved(Checkpoint before, Checkpoint after, String canonical, TensorSlice slice) {
        Shape shape = before.shape(canonical);
        int rows = (int) shape.dim(0);
        int columns = (int) shape.dim(1);
        int firstRow = slice.axis() == 0 ? rows / slice.count() * slice.first() : 0;
        int firstColumn = slice.axis() == 1 ? columns / slice.count() * slice.first() : 0;
        int width = slice.axis() == 1 ? columns / slice.count() * slice.parts() : columns;
        int height = slice.axis() == 0 ? rows / slice.count() * slice.parts() : rows;
        long seed = slice.name().hashCode();
        float[] down = TinyTransformer.random(seed, RANK, width).toFloatArray();
        float[] up = TinyTransformer.random(seed + 1, height, RANK).toFloatArray();
        float[] old = before.tensor(canonical).toFloatArray();
        float[] now = after.tensor(canonical).toFloatArray();
        for (int i = 0; i < old.length; i++) {
            int row = firstRow + i / columns;
            int column = firstColumn + i % columns;
            double expected = old[i] + up[row * RANK] * down[column] + up[row * RANK + 1] * down[width + column];
            assertThat((double) now[i]).as("%s at %d", canonical, i).isCloseTo(expected, within(1e-5));
        }
    }

    static Stream<String> names() {
        return layouts().stream().map(KeyLayout::name);
    }

    @ParameterizedTest
    @MethodSource("names")
    void quantizedFilesKeepTheFusedMatricesOfTheirSource(String layout) {
        Path target = folder.resolve("out.safetensors");
        try (CheckpointFile source = model(layout)) {
            ComfyConversion.Report report = ComfyConversion.write(
                    source,
                    target,
                    new ComfyConversion.Settings(ComfyFormat.INT8_CONVROT, LayerRule.ALL),
                    QuantizationProgress.NONE,
                    CancellationToken.NONE);

            assertThat(report.quantized()).isEqualTo(targets(layout(layout)).size());
            try (CheckpointFile written = CheckpointFiles.open(target)) {
                assertThat(written.names()).containsExactlyInAnyOrderElementsOf(source.names());
                TransformerCheckpoint read = TransformerCheckpoint.of(written);
                assertThat(read.layout()).isEqualTo(layout);
                String some = read.blockLinears().getFirst() + ".weight";
                double error = 0;
                double energy = 0;
                float[] expected = TransformerCheckpoint.of(source).tensor(some).toFloatArray();
                float[] actual = read.tensor(some).toFloatArray();
                for (int i = 0; i < expected.length; i++) {
                    error += Math.pow(actual[i] - expected[i], 2);
                    energy += expected[i] * expected[i];
                }
                assertThat(Math.sqrt(error / energy)).isBetween(1e-6, 0.012);
            }
        }
    }
}
