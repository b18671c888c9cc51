package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.cogvideox.CogVideoXConfig;
import dev.quantreel.engines.dit.cogvideox.CogVideoXFamily;
import dev.quantreel.engines.dit.cogvideox.CogVideoXTransformer;
import dev.quantreel.engines.dit.cogvideox.Positions;
import dev.quantreel.engines.dit.latte.LatteConfig;
import dev.quantreel.engines.dit.latte.LatteFamily;
import dev.quantreel.engines.dit.latte.LatteTransformer;
import dev.quantreel.engines.dit.ltx.LtxConfig;
import dev.quantreel.engines.dit.ltx.LtxFamily;
import dev.quantreel.engines.dit.ltx.LtxTransformer;
import dev.quantreel.engines.tensor.Shape;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The tensors of the released models, as `tools/reference/transformer_keys.py` prints them.
class RealSizesTest {

    /// @param family whose layout `diffusers` is meant
    /// @param tensors of diffusers, with their parameters and the SHA-256 of their names and shapes
    private record Release(
            TransformerArchitecture architecture,
            TransformerFamily family,
            int tensors,
            long parameters,
            String sha256) {

        @Override
        public String toString() {
            return architecture.facts().variant();
        }
    }

    static Stream<Release> releases() {
        return Stream.of(
                new Release(
                        new LtxTransformer(new LtxConfig(128, 2048, 8192, 32, 28, 4096, 256, false)),
                        new LtxFamily(),
                        715,
                        1_923_385_472L,
                        "a74a4d54a29e0412150628e233d9076a67f7321964adf354108f657135a0f19f"),
                new Release(
                        new LtxTransformer(new LtxConfig(128, 4096, 16384, 32, 48, 4096, 256, true)),
                        new LtxFamily(),
                        1215,
                        13_042_569_344L,
                        "2431386bf1fe35ad840d692e55b139407a89a5fa408f1f604e87ec32449f987a"),
                cogVideoX(
                        new CogVideoXConfig(16, 1920, 7680, 30, 30, 4096, 226, 512, 1, new Positions.Added()),
                        736,
                        1_693_783_872L,
                        "1055e3e10d6865c5de4a784c1a635e727b64ef12603ee6fe91a5522f45bfbdef"),
                cogVideoX(
                        new CogVideoXConfig(
                                16, 3072, 12288, 48, 42, 4096, 226, 512, 1, new Positions.Stretched(30, 45)),
                        1024,
                        5_570_283_072L,
                        "1ff31d40a106359b8081dcfc30ad7ccee0959d4751f334ea757adad0f39414d8"),
                cogVideoX(
                        new CogVideoXConfig(16, 3072, 12288, 48, 42, 4096, 226, 512, 2, new Positions.Counted()),
                        1024,
                        5_570_676_352L,
                        "e6ae57f8140023d3996ec7d4ef8eab30e06ca935c5b238692a1e0d759e1f934f"),
                new Release(
                        new LatteTransformer(new LatteConfig(4, 8, 1152, 4608, 16, 28, 4096, 256, 64)),
                        new LatteFamily(),
                        967,
                        1_057_246_880L,
                        "671caf707619178f243e832138887b11c7ab697bd470ccd0e2f235b3ef32e12a"));
    }

    private static Release cogVideoX(CogVideoXConfig config, int tensors, long parameters, String sha256) {
        return new Release(new CogVideoXTransformer(config), new CogVideoXFamily(), tensors, parameters, sha256);
    }

    @ParameterizedTest
    @MethodSource("releases")
    void namesAndShapesInDiffusersLayoutAreThoseOfDiffusers(Release release) throws NoSuchAlgorithmException {
        Map<String, Shape> stored = new TreeMap<>();
        KeyLayout layout = release.family.layouts().stream()
                .filter(each -> each.name().equals("diffusers"))
                .findFirst()
                .orElseThrow();
        release.architecture.shapes().forEach((canonical, shape) -> {
            TensorSlice slice = layout.locate(canonical);
            long[] dims = shape.toArray();
            dims[slice.axis()] = dims[slice.axis()] / slice.count() * slice.parts();
            assertThat(stored.merge(slice.name(), Shape.of(dims), (a, b) -> a.equals(b) ? a : Shape.of(0)))
                    .as(canonical)
                    .isEqualTo(Shape.of(dims));
        });
        String lines = stored.entrySet().stream()
                .map(tensor -> tensor.getKey() + " "
                        + tensor.getValue().toList().stream()
                                .map(String::valueOf)
                                .collect(Collectors.joining(",")))
                .sorted()
                .collect(Collectors.joining("\n"));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(lines.getBytes(StandardCharsets.UTF_8));

        assertThat(stored).hasSize(release.tensors);
        assertThat(parameters(release.architecture.shapes())).isEqualTo(release.parameters);
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(release.sha256);
    }

    /// Fractions of a file's tensors that a layout gives out add up to one each.
    @ParameterizedTest
    @MethodSource("releases")
    void everyLayoutGivesOutEachTensorOnce(Release release) {
        for (KeyLayout layout : release.family.layouts()) {
            Map<String, Double> used = new TreeMap<>();
            release.architecture.shapes().keySet().forEach(canonical -> {
                TensorSlice slice = layout.locate(canonical);
                used.merge(slice.name(), (double) slice.count() / slice.parts(), Double::sum);
            });

            assertThat(used.values())
                    .allSatisfy(fraction -> assertThat(fraction).isEqualTo(1));
        }
    }

    private static long parameters(SequencedMap<String, Shape> shapes) {
        return shapes.values().stream().mapToLong(Shape::elements).sum();
    }
}
