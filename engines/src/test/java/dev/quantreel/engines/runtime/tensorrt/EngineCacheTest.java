package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineCacheTest {

    private final Path folder;

    EngineCacheTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static EngineKey key(String graph) {
        return new EngineKey(graph, "shapes", BuildOptions.DEFAULTS.identity(), 101501, FakeDevice.CHIP);
    }

    private EngineCache cache(String... graphs) throws IOException {
        EngineCache cache = new EngineCache(folder);
        Instant time = Instant.parse("2026-01-01T00:00:00Z");
        for (String graph : graphs) {
            EngineKey key = key(graph);
            Files.write(cache.plan(key), new byte[100]);
            cache.keep(new CachedEngine(
                    key.fileName(), graph, "W8A8", "10.15.1", "H100", key.options(), 100, 7, "", Instant.EPOCH));
            time = time.plusSeconds(60);
            Files.setLastModifiedTime(cache.plan(key), FileTime.from(time));
        }
        return cache;
    }

    @Test
    void enginesAreListedByLastUse() throws IOException {
        EngineCache cache = cache("a", "b", "c");
        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("c", "b", "a");

        assertThat(cache.find(key("a"))).isPresent();

        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("a", "c", "b");
        assertThat(cache.list().getFirst().line()).contains("a, W8A8", "TensorRT 10.15.1", "built in 7 s");
    }

    @Test
    void whatWasNotUsedForLongestGoesFirstAndTheSparedOneNever() throws IOException {
        EngineCache cache = cache("a", "b", "c", "d");

        assertThat(cache.evict(250, Optional.of(key("a"))))
                .extracting(CachedEngine::model)
                .containsExactly("b", "c");
        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("d", "a");
        assertThat(cache.evict(0, Optional.of(key("a")))).hasSize(1);
        assertThat(cache.find(key("a"))).isPresent();
        assertThat(cache.plan(key("d"))).doesNotExist();
    }

    @Test
    void enginesThatAreNotWholeAreNone() throws IOException {
        EngineCache cache = cache("cut", "unsigned", "odd", "gone");
        Files.write(cache.plan(key("cut")), new byte[99]);
        Files.delete(folder.resolve(key("unsigned").fileName() + ".properties"));
        Files.writeString(folder.resolve(key("odd").fileName() + ".properties"), "bytes=many\n");
        Files.delete(cache.plan(key("gone")));

        for (String graph : List.of("cut", "unsigned", "odd", "gone", "never")) {
            assertThat(cache.find(key(graph))).as(graph).isEmpty();
        }
        assertThat(cache.list()).isEmpty();
        assertThat(new EngineCache(folder.resolve("nowhere")).list()).isEmpty();
    }

    @Test
    void clearingTakesEnginesTimesAndHalvesButNothingInTheMaking() throws IOException {
        EngineCache cache = cache("a", "b");
        Files.delete(folder.resolve(key("b").fileName() + ".properties"));
        Path times = Files.writeString(cache.timingCache(101501, FakeDevice.CHIP), "t");
        Path making = Files.writeString(folder.resolve("." + key("c").fileName() + ".plan.part"), "half");
        Path graph = cache.newGraphFolder();
        assertThat(cache.timingCaches()).containsExactly(times);

        cache.clear();

        assertThat(cache.list()).isEmpty();
        assertThat(folder.toFile().list())
                .containsExactlyInAnyOrder(
                        making.getFileName().toString(), graph.getFileName().toString());
    }

    @Test
    void oneEngineIsDeletedAndOthersStay() throws IOException {
        EngineCache cache = cache("a", "b");
        cache.delete(cache.find(key("a")).orElseThrow());

        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("b");
        assertThat(cache.plan(key("a"))).doesNotExist();
    }

    @Test
    void graphsOfProcessesThatAreGoneAreSweptAway() throws IOException {
        EngineCache cache = new EngineCache(folder);
        Path own = cache.newGraphFolder();
        Path left = Files.createDirectory(folder.resolve("graph-2147483000-17"));
        Files.writeString(left.resolve("model.onnx"), "x");

        cache.sweep();

        assertThat(left).doesNotExist();
        assertThat(own).exists();
    }

    @Test
    void everythingThatAnEngineDependsOnMakesAnotherKey() {
        OptimizationProfile profile = profile(8);
        Set<String> keys = new HashSet<>();
        int made = 0;
        for (float weight : new float[] {1, 2}) {
            for (OptimizationProfile shapes : List.of(profile, profile(9))) {
                for (int version : new int[] {101501, 101502, 110201}) {
                    for (Chip chip : List.of(
                            FakeDevice.CHIP, new Chip("NVIDIA A100", 8, 0), new Chip("NVIDIA H100 80GB HBM3", 9, 1))) {
                        for (BuildOptions options : List.of(
                                BuildOptions.DEFAULTS,
                                new BuildOptions(1, Duration.ofHours(1), 3, BuildOptions.Weights.IN_PLAN, false),
                                new BuildOptions(0, Duration.ofHours(1), 4, BuildOptions.Weights.IN_PLAN, false),
                                new BuildOptions(0, Duration.ofHours(1), 3, BuildOptions.Weights.REFITTABLE, false),
                                new BuildOptions(0, Duration.ofHours(1), 3, BuildOptions.Weights.IN_PLAN, true))) {
                            keys.add(fileName(model(weight), shapes, options, version, chip));
                            made++;
                        }
                    }
                }
            }
        }
        assertThat(keys).hasSize(made);
        assertThat(fileName(model(1), profile, BuildOptions.DEFAULTS, 101501, FakeDevice.CHIP))
                .as("the time limit changes nothing")
                .isEqualTo(fileName(
                        model(1),
                        profile(8),
                        new BuildOptions(0, Duration.ofSeconds(5), 3, BuildOptions.Weights.IN_PLAN, false),
                        101501,
                        FakeDevice.CHIP));
    }

    @Test
    void strippedPlansDoNotStreamWeights() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> new BuildOptions(0, Duration.ofHours(1), 3, BuildOptions.Weights.STRIPPED, true))
                .withMessageContainingAll("stripped", "streamed");
    }

    @Test
    void whatWasSeenOfLayersIsKeptWithTheEngine() throws IOException {
        EngineCache cache = cache("a");
        CachedEngine found = cache.find(key("a")).orElseThrow();
        assertThat(found.layers()).isEmpty();

        cache.keep(found.withLayers("3 of 4 products in 8 bits"));

        assertThat(cache.find(key("a")).orElseThrow().line()).endsWith("; 3 of 4 products in 8 bits");
    }

    @Test
    void timesAreKeptPerChipAndVersion() {
        EngineCache cache = new EngineCache(folder);
        assertThat(cache.timingCache(101501, FakeDevice.CHIP).getFileName())
                .hasToString("timing-101501-NVIDIA-H100-80GB-HBM3-sm-90.cache");
        assertThat(cache.timingCache(101502, FakeDevice.CHIP)).isNotEqualTo(cache.timingCache(101501, FakeDevice.CHIP));
    }

    private static String fileName(
            OnnxModel model, OptimizationProfile profile, BuildOptions options, int version, Chip chip) {
        return new EngineKey(EngineKey.graph(model), EngineKey.shapes(profile), options.identity(), version, chip)
                .fileName();
    }

    private static OptimizationProfile profile(long rows) {
        return new OptimizationProfile(
                "m",
                List.of(new OptimizationProfile.Input(
                        "x", DType.F32, Extents.fixed(List.of(rows, 64L)), Optional.empty())));
    }

    private static OnnxModel model(float weight) {
        float[] values = new float[64 * 64];
        values[17] = weight;
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("m");
        graph.output(
                "y",
                graph.op(
                        OnnxOp.MatMul,
                        graph.input("x", DType.F32, Dim.of("rows"), Dim.of(64)),
                        graph.initializer("w", Tensor.of(Shape.of(64, 64), values))),
                DType.F32,
                Dim.of("rows"),
                Dim.of(64));
        return graph.build(Map.of());
    }

    @Test
    void clearingAFolderThatHoldsOtherThingsTakesEnginesAlone() throws IOException {
        EngineCache cache = cache("a");
        Path foreign = Files.writeString(folder.resolve("gradle.properties"), "x");
        String name = key("a").fileName();
        Path left = Files.writeString(folder.resolve("." + name + ".plan." + Long.MAX_VALUE + ".part"), "half");
        Path own = Files.writeString(EngineCache.own(folder.resolve(name + ".plan"), EngineCache.PART), "half");

        cache.clear();

        assertThat(folder.toFile().listFiles()).containsExactlyInAnyOrder(foreign.toFile(), own.toFile());
        assertThat(left).as("of a process that is no more").doesNotExist();
    }
}
