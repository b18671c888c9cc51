package dev.quantreel.engines.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanFamily;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.synth.SyntheticCheckpoint.Options;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings("NullAway") // JUnit fills the folder
class SyntheticCheckpointTest {

    private static final WanTransformer SMALL =
            new WanTransformer(new WanConfig(16, 16, 128, 512, 1, 2, 64, 32, 512, 0, false));

    @TempDir
    private Path folder;

    private static SyntheticCheckpoint small(String layout, DType precision, long seed) {
        return SyntheticCheckpoint.of(new WanFamily(), SMALL, new Options(layout, precision, 0, seed));
    }

    private static void write(SyntheticCheckpoint checkpoint, Path file) {
        checkpoint.write(file, bytes -> {}, CancellationToken.NONE);
    }

    /// Sizes counted by instantiating the published models.
    @ParameterizedTest
    @CsvSource({
        "wan-t2v-1.3b, 1418996800, 825, original",
        "wan-t2v-14b, 14288491584, 1095, original",
        "wan-i2v-14b, 16394878784, 1303, original",
        "wan2.2-i2v-a14b, 14288901184, 1095, original",
        "wan2.2-ti2v-5b, 4999787712, 825, original",
        "hunyuan-video, 12821012544, 1264, diffusers",
        "ltx-video-2b, 1923385472, 715, original",
        "ltx-video-13b, 13042569344, 1215, original"
    })
    void releasesHaveTheSizesOfTheModelsThatWerePublished(String name, long parameters, int tensors, String layout) {
        TransformerRelease release = TransformerRelease.named(name);
        SyntheticCheckpoint checkpoint =
                SyntheticCheckpoint.of(release.family(), release.architecture(), new Options(layout, DType.BF16, 0, 0));

        assertThat(checkpoint.parameters()).isEqualTo(release.parameters()).isEqualTo(parameters);
        assertThat(checkpoint.tensorCount()).isEqualTo(tensors);
        assertThat(checkpoint.dataBytes()).isEqualTo(2 * parameters);
    }

    static Stream<Arguments> everyReleaseInEveryLayout() {
        return TransformerRelease.all().stream().flatMap(release -> release.family().layouts().stream()
                .map(layout -> Arguments.of(release.name(), layout.name())));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @MethodSource("everyReleaseInEveryLayout")
    void headersOfRealSizeAreRecognisedInEveryLayout(String name, String layout) throws IOException {
        TransformerRelease release = TransformerRelease.named(name);
        Path file = folder.resolve("sparse.safetensors");

        SyntheticCheckpoint.of(release.family(), release.architecture(), new Options(layout, DType.BF16, 0, 0))
                .writeSparse(file);

        try (CheckpointFile opened = CheckpointFiles.open(file)) {
            TransformerCheckpoint recognised = TransformerCheckpoint.of(opened);
            assertThat(recognised.layout()).isEqualTo(layout);
            assertThat(recognised.architecture()).isEqualTo(release.architecture());
            assertThat(recognised.parameters()).isEqualTo(release.parameters());
        }
        assertThat(Files.size(file)).isGreaterThan(2 * release.parameters());
    }

    @Test
    void everyLayoutHoldsTheSameModel() {
        write(small("original", DType.BF16, 7), folder.resolve("a.safetensors"));
        write(small("diffusers", DType.BF16, 7), folder.resolve("b.safetensors"));

        try (CheckpointFile a = CheckpointFiles.open(folder.resolve("a.safetensors"));
                CheckpointFile b = CheckpointFiles.open(folder.resolve("b.safetensors"))) {
            TransformerCheckpoint original = TransformerCheckpoint.of(a);
            TransformerCheckpoint diffusers = TransformerCheckpoint.of(b);
            assertThat(diffusers.layout()).isEqualTo("diffusers");
            for (String name : original.names()) {
                assertThat(diffusers
                                .tensor(name)
                                .data()
                                .mismatch(original.tensor(name).data()))
                        .as(name)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void theSeedAloneDecides() throws IOException {
        write(small("original", DType.F16, 1), folder.resolve("a"));
        write(small("original", DType.F16, 1), folder.resolve("b"));
        write(small("original", DType.F16, 2), folder.resolve("c"));

        assertThat(Files.mismatch(folder.resolve("a"), folder.resolve("b"))).isEqualTo(-1);
        assertThat(Files.mismatch(folder.resolve("a"), folder.resolve("c"))).isNotEqualTo(-1);
    }

    @Test
    void weightsLookTrained() {
        Path file = folder.resolve("f32.safetensors");
        write(small("original", DType.F32, 3), file);

        try (CheckpointFile opened = CheckpointFiles.open(file)) {
            float[] matrix = Conversions.toFloatArray(opened.tensor("blocks.1.ffn.2.weight"));
            double variance = moment(matrix, 2);
            assertThat(variance).isCloseTo(1.0 / 512, within(0.1 / 512));
            assertThat(moment(matrix, 4) / (variance * variance)).isBetween(4.0, 12.0);
            float[] norm = Conversions.toFloatArray(opened.tensor("blocks.0.norm3.weight"));
            assertThat(norm).hasSize(128);
            assertThat(Arrays.equals(norm, Conversions.toFloatArray(opened.tensor("blocks.1.norm3.weight"))))
                    .isFalse();
            for (float scale : norm) {
                assertThat(scale).isBetween(0.5f, 1.5f);
            }
        }
    }

    private static double moment(float[] values, int power) {
        double sum = 0;
        for (float value : values) {
            sum += Math.pow(value, power);
        }
        return sum / values.length;
    }

    @Test
    void fp8KeepsEverythingButTheLinearsOfBlocksIn16Bits() {
        Path file = folder.resolve("fp8.safetensors");
        write(small("original", DType.F8_E4M3, 0), file);

        try (CheckpointFile opened = CheckpointFiles.open(file)) {
            assertThat(opened.stored().dtype("blocks.0.ffn.0.weight")).isEqualTo(DType.F8_E4M3);
            assertThat(opened.stored().dtype("blocks.0.ffn.0.bias")).isEqualTo(DType.BF16);
            assertThat(opened.stored().dtype("text_embedding.0.weight")).isEqualTo(DType.BF16);
        }
    }

    @Test
    void shardsAreAFolderThatOpensAsOneModel() throws IOException {
        SyntheticCheckpoint checkpoint = small("diffusers", DType.BF16, 5);
        checkpoint.writeShards(folder.resolve("shards"), 400_000, bytes -> {}, CancellationToken.NONE);
        write(checkpoint, folder.resolve("whole.safetensors"));

        try (Stream<Path> files = Files.list(folder.resolve("shards"))) {
            assertThat(files).hasSizeGreaterThan(3);
        }
        Path index = folder.resolve("shards/diffusion_pytorch_model.safetensors.index.json");
        try (CheckpointFile shards = CheckpointFiles.open(index);
                CheckpointFile whole = CheckpointFiles.open(folder.resolve("whole.safetensors"))) {
            TransformerCheckpoint recognised = TransformerCheckpoint.of(shards);
            assertThat(recognised.parameters()).isEqualTo(checkpoint.parameters());
            assertThat(shards.tensor("proj_out.weight")
                            .data()
                            .mismatch(whole.tensor("proj_out.weight").data()))
                    .isEqualTo(-1);
        }
    }

    @Test
    void fewerLayersAreASmallerModelOfTheSameKind() {
        Path file = folder.resolve("one.safetensors");
        write(SyntheticCheckpoint.of(new WanFamily(), SMALL, new Options("comfy", DType.BF16, 1, 0)), file);

        try (CheckpointFile opened = CheckpointFiles.open(file)) {
            assertThat(TransformerCheckpoint.of(opened).facts().sizes().layers())
                    .isEqualTo(1);
        }
    }

    @Test
    void progressCountsEveryByteAndInterruptionKeepsNothing() throws IOException {
        AtomicLong written = new AtomicLong();
        SyntheticCheckpoint checkpoint = small("original", DType.F32, 0);
        checkpoint.write(folder.resolve("whole"), written::addAndGet, CancellationToken.NONE);
        assertThat(written.get()).isEqualTo(checkpoint.dataBytes());

        CancellationToken cancelled = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return written.get() > checkpoint.dataBytes() * 3 / 2;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> checkpoint.write(folder.resolve("half"), written::addAndGet, cancelled));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("whole");
        }
    }

    @Test
    void unknownLayoutsNameThoseThatExist() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> small("gguf", DType.BF16, 0))
                .withMessageContaining("'gguf'")
                .withMessageContaining("original, diffusers");
    }

    @Test
    void partsOfFusedTensorsAreJoinedWhereTheLayoutCutsThem() {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("q.weight", Shape.of(4, 6));
        shapes.put("k.weight", Shape.of(4, 6));
        shapes.put("mlp.weight", Shape.of(8, 6));
        shapes.put("q.bias", Shape.of(4));
        shapes.put("k.bias", Shape.of(4));
        shapes.put("mlp.bias", Shape.of(8));
        shapes.put("o.weight", Shape.of(5, 4));
        shapes.put("down.weight", Shape.of(5, 8));
        Map<String, TensorSlice> slices = Map.of(
                "q.weight", TensorSlice.rows("in.weight", 0, 1, 4),
                "k.weight", TensorSlice.rows("in.weight", 1, 1, 4),
                "mlp.weight", TensorSlice.rows("in.weight", 2, 2, 4),
                "q.bias", TensorSlice.rows("in.bias", 0, 1, 4),
                "k.bias", TensorSlice.rows("in.bias", 1, 1, 4),
                "mlp.bias", TensorSlice.rows("in.bias", 2, 2, 4),
                "o.weight", TensorSlice.columns("out.weight", 0, 1, 3),
                "down.weight", TensorSlice.columns("out.weight", 1, 2, 3));
        KeyLayout layout = KeyLayout.slicing("fused", List.of(), slices::get);
        KeyLayout plain = KeyLayout.renaming("plain", List.of(), name -> name);
        SyntheticWeights weights = new SyntheticWeights(11);

        List<FusedTensor> fused = FusedTensor.of(shapes, layout);

        assertThat(fused)
                .extracting(FusedTensor::shape)
                .containsExactly(Shape.of(16, 6), Shape.of(16), Shape.of(5, 12));
        Map<String, float[]> whole = new LinkedHashMap<>();
        FusedTensor.of(shapes, plain).forEach(tensor -> whole.put(tensor.name(), values(weights, tensor)));
        assertThat(Arrays.copyOfRange(values(weights, fused.get(0)), 24, 48)).isEqualTo(whole.get("k.weight"));
        assertThat(Arrays.copyOfRange(values(weights, fused.get(1)), 8, 16)).isEqualTo(whole.get("mlp.bias"));
        assertThat(Arrays.copyOfRange(values(weights, fused.get(2)), 12 + 4, 24))
                .isEqualTo(Arrays.copyOfRange(whole.get("down.weight"), 8, 16));
    }

    private static float[] values(SyntheticWeights weights, FusedTensor tensor) {
        float[] values = new float[(int) tensor.shape().elements()];
        boolean vector = tensor.shape().rank() < 2;
        int rows = vector ? tensor.parts().size() : (int) tensor.shape().dim(0);
        weights.fill(tensor, 0, rows, values);
        return values;
    }
}
