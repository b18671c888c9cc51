package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Error Curves, Report Card and Sweep behind Wan 2.2 A14B's two experts and Image To Video, as a workflow of its own
/// on the files of `synth --tiny`.
class ExpertEvidenceWorkflowTest {

    private static final int STEPS = 6;

    private final Path base;

    ExpertEvidenceWorkflowTest(@TempDir Path base) {
        this.base = base;
    }

    private CommandLineRun run(String... changes) {
        List<Object> arguments = new ArrayList<>(
                List.of("run", "src/test/resources/workflows/expert-evidence.json", "--base-directory", base));
        for (String change : changes) {
            arguments.addAll(List.of("--set", change));
        }
        return CommandLineRun.quantreel(arguments.toArray());
    }

    private void prepare() throws IOException {
        assertThat(CommandLineRun.quantreel("synth", "--tiny", base.resolve("models"))
                        .code())
                .isZero();
        Files.createDirectories(base.resolve("input"));
        BufferedImage picture = new BufferedImage(96, 64, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(10, 10, 0xff0000);
        ImageIO.write(picture, "png", base.resolve("input/start.png").toFile());
    }

    private JsonNode json(String name) throws IOException {
        return new ObjectMapper()
                .readTree(base.resolve("output/e").resolve(name).toFile());
    }

    private int kept(String name) throws IOException {
        return Files.readAllLines(base.resolve("output/e").resolve(name + ".results.jsonl"))
                .size();
    }

    @Test
    void expertsThatStartFromAPictureAreMeasuredByAllThreeAndMeasuredAnewWhenOneChanges() throws IOException {
        prepare();
        CommandLineRun first = run();
        assertThat(first.code()).as(first.out() + first.err()).isZero();

        JsonNode curves = json("curves_00001_.json").path("methods");
        assertThat(curves).hasSize(2);
        JsonNode lowAlone = curves.path(1).path("teacherForcedPercent");
        assertThat(lowAlone).hasSize(STEPS);
        assertThat(lowAlone.path(0).asDouble()).isLessThan(1e-4);
        assertThat(lowAlone.path(STEPS - 1).asDouble()).isGreaterThan(0.1);
        JsonNode card = json("card_00001_.json").path("methods");
        assertThat(card.findValuesAsText("precision")).containsExactly("W4A8", "full precision + W4A8");
        assertThat(card.path(0).path("generations")).hasSize(2);
        assertThat(card.path(0).path("psnrDb").path("mean").asDouble()).isBetween(10.0, 80.0);
        JsonNode points = json("sweep_00001_.json").path("points");
        assertThat(points).hasSize(4).allSatisfy(point -> assertThat(
                        point.path("figures").path("errors").path("teacherForced"))
                .hasSize(STEPS));
        assertThat(kept("card")).isEqualTo(4);
        assertThat(kept("sweep")).isEqualTo(4);

        assertThat(run().code()).isZero();
        assertThat(List.of(kept("card"), kept("sweep"))).containsExactly(4, 4);
        assertThat(json("card_00002_.json")).isEqualTo(json("card_00001_.json"));

        assertThat(run("Expert.boundary=0.5").code()).isZero();
        assertThat(kept("card")).isEqualTo(8);
        assertThat(run("Low.bits=5").code()).isZero();
        assertThat(kept("card")).isEqualTo(12);
    }
}
