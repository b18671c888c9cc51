package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

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

    /// @param name of the release
    /// @param tensors of diffusers
    /// @param parameters in them
    /// @param sha256 of their names and shapes
    private record Release(String name, int tensors, long parameters, String sha256) {

        TransformerArchitecture architecture() {
            return TransformerRelease.named(name).architecture();
        }

        TransformerFamily family() {
            return TransformerRelease.named(name).family();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Release> releases() {
        return Stream.of(
                new Release(
                        "ltx-video-2b",
                        715,
                        1_923_385_472L,
                        "a74a4d54a29e0412150628e233d9076a67f7321964adf354108f657135a0f19f"),
                new Release(
                        "ltx-video-13b",
                        1215,
                        13_042_569_344L,
                        "2431386bf1fe35ad840d692e55b139407a89a5fa408f1f604e87ec32449f987a"),
                new Release(
                        "cogvideox-2b",
                        736,
                        1_693_783_872L,
                        "1055e3e10d6865c5de4a784c1a635e727b64ef12603ee6fe91a5522f45bfbdef"),
                new Release(
                        "cogvideox-5b",
                        1024,
                        5_570_283_072L,
                        "1ff31d40a106359b8081dcfc30ad7ccee0959d4751f334ea757adad0f39414d8"),
                new Release(
                        "cogvideox-1.5-5b",
                        1024,
                        5_570_676_352L,
                        "e6ae57f8140023d3996ec7d4ef8eab30e06ca935c5b238692a1e0d759e1f934f"),
                new Release(
                        "latte-1",
                        967,
                        1_057_246_880L,
                        "671caf707619178f243e832138887b11c7ab697bd470ccd0e2f235b3ef32e12a"));
    }

    @ParameterizedTest
    @MethodSource("releases")
    void namesAndShapesInDiffusersLayoutAreThoseOfDiffusers(Release release) throws NoSuchAlgorithmException {
        Map<String, Shape> stored = new TreeMap<>();
        KeyLayout layout = release.family().layouts().stream()
                .filter(each -> each.name().equals("diffusers"))
                .findFirst()
                .orElseThrow();
        release.architecture().shapes().forEach((canonical, shape) -> {
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
        assertThat(parameters(release.architecture().shapes())).isEqualTo(release.parameters);
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(release.sha256);
    }

    /// Fractions of a file's tensors that a layout gives out add up to one each.
    @ParameterizedTest
    @MethodSource("releases")
    void everyLayoutGivesOutEachTensorOnce(Release release) {
        for (KeyLayout layout : release.family().layouts()) {
            Map<String, Double> used = new TreeMap<>();
            release.architecture().shapes().keySet().forEach(canonical -> {
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
