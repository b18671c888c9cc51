package dev.quantreel.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BuiltinNodePackTest {

    private static final Path GOLDEN = Path.of("src/test/resources/golden/nodes");

    static List<NodeSpec> specs() {
        return new BuiltinNodePack().nodes().stream().map(NodeDefinition::spec).toList();
    }

    @Test
    void thePackIsFoundAsAService() {
        assertThat(ServiceLoader.load(NodePack.class))
                .extracting(pack -> (Object) pack.getClass())
                .contains(BuiltinNodePack.class);
    }

    @Test
    void idsAreUnique() {
        assertThat(specs()).extracting(NodeSpec::id).doesNotHaveDuplicates();
    }

    /// Rewritten by running with `-Dgolden.update`.
    @ParameterizedTest
    @MethodSource("specs")
    void theSpecEqualsItsGoldenFile(NodeSpec spec) throws Exception {
        Path file = GOLDEN.resolve(spec.id() + ".json");
        String json = SpecJson.of(spec);
        if (System.getProperty("golden.update") != null) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, json);
        }

        assertThat(file).as("golden file; write it with -Dgolden.update").exists();
        assertThat(json).isEqualTo(Files.readString(file));
    }

    @Test
    void everyGoldenFileBelongsToANode() throws Exception {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            assertThat(files.map(file -> file.getFileName().toString().replace(".json", "")))
                    .containsExactlyInAnyOrderElementsOf(
                            specs().stream().map(NodeSpec::id).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("specs")
    void everyPortIsExplainedAndEveryNumberHasARange(NodeSpec spec) {
        assertThat(spec.description().length())
                .as("description of %s", spec.id())
                .isGreaterThan(60);
        assertThat(spec.inputs()).allSatisfy(input -> {
            assertThat(input.help()).matches("(?s)[A-Z0-9'].*[.]");
            if (input.type() instanceof PortType.IntType range) {
                assertThat(range.max()).as(input.name()).isNotEqualTo(1_000_000_000_000_000L);
                assertThat(range.min()).as(input.name()).isNotEqualTo(-1_000_000_000_000_000L);
            }
            if (input.type() instanceof PortType.FloatType range) {
                assertThat(range.max()).as(input.name()).isLessThan(1e6);
                assertThat(range.min()).as(input.name()).isGreaterThan(-1e6);
            }
        });
        assertThat(spec.outputs())
                .allSatisfy(output -> assertThat(output.help()).endsWith("."));
    }
}
