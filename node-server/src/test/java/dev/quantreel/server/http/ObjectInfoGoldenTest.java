package dev.quantreel.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.nodes.testing.TestFolders;
import dev.quantreel.server.graph.NodeCatalog;
import dev.quantreel.server.workflow.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/// `object_info` of the built-in nodes, the contract with the canvas. Written anew with `-Dgolden.update`.
class ObjectInfoGoldenTest {

    private static final Path GOLDEN = Path.of("src/test/resources/golden/object_info.json");

    @Test
    void objectInfoOfTheBuiltInNodesIsAsRecorded() throws IOException {
        NodeCatalog.Builder catalog = new NodeCatalog.Builder();
        ServiceLoader.load(NodePack.class).forEach(pack -> catalog.add(pack.name(), false, pack.nodes()));
        JsonNode info = new ObjectInfoJson(new TestFolders(Path.of("nowhere"))).all(catalog.build());
        assertThat(catalog.problems()).isEmpty();
        assertThat(info).isNotEmpty();

        if (System.getProperty("golden.update") != null) {
            Files.createDirectories(GOLDEN.getParent());
            Files.writeString(GOLDEN, Json.writePretty(info) + "\n");
        }

        assertThat(Json.writePretty(info) + "\n")
                .as("run the test with -Dgolden.update when the change is meant")
                .isEqualTo(Files.readString(GOLDEN));
    }
}
