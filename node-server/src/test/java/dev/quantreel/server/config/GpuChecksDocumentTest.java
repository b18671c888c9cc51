package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.gpucheck.Claim;
import dev.quantreel.engines.gpucheck.GpuCheck;
import dev.quantreel.engines.gpucheck.GpuCheckItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// docs/gpu-checks.md says of every claim how it is proven, and what came out.
class GpuChecksDocumentTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern MEASURED = Pattern.compile(".*\\(.+\\(sm_\\d+a?.*\\).*, \\d{4}-\\d{2}-\\d{2}\\)");
    private static final Set<String> LAUNCHER = Set.of("install", "test");

    private record Row(String claim, String command, String result) {}

    @Test
    void everyClaimOfTheCheckHasItsLine() throws IOException {
        List<Row> rows = rows();

        for (GpuCheckItem item : GpuCheck.items()) {
            for (Claim claim : item.claims()) {
                assertThat(rows)
                        .as(
                                "add to docs/gpu-checks.md: | %s | `./quantreel gpu-check --only %s` | unproven |",
                                claim.text(), item.id())
                        .filteredOn(row -> row.claim().equals(claim.text()))
                        .singleElement()
                        .satisfies(row -> assertThat(row.command())
                                .isEqualTo("`./quantreel gpu-check --only " + item.id() + "`"));
            }
        }
    }

    @Test
    void everyLineOfTheCheckIsAClaimOfIt() throws IOException {
        List<String> claims = GpuCheck.items().stream()
                .flatMap(item -> item.claims().stream())
                .map(Claim::text)
                .toList();

        assertThat(rows())
                .filteredOn(row -> row.command().matches("`./quantreel gpu-check --only \\S+`"))
                .extracting(Row::claim)
                .hasSameElementsAs(claims);
    }

    @Test
    void everyCommandExists() throws IOException {
        Set<String> commands = new TreeSet<>(Main.commandLine().getSubcommands().keySet());
        commands.addAll(LAUNCHER);
        for (Row row : rows()) {
            Matcher code = CODE.matcher(row.command());
            boolean any = row.command().startsWith("none yet");
            while (code.find()) {
                String[] words = code.group(1).split(" ");
                if (words[0].equals("./quantreel")) {
                    any = true;
                    assertThat(commands).as(row.command()).contains(words[1]);
                } else if (words[0].equals("python")) {
                    any = true;
                    assertThat(ROOT.resolve(words[1])).as(row.command()).isRegularFile();
                }
            }
            assertThat(any).as("a command, or 'none yet', for: " + row.claim()).isTrue();
        }
    }

    @Test
    void aResultHasAChipAndADateOrIsUnproven() throws IOException {
        assertThat(rows()).isNotEmpty().allSatisfy(row -> assertThat(
                        row.result().startsWith("unproven")
                                || MEASURED.matcher(row.result()).matches())
                .as(row.result())
                .isTrue());
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(ROOT.resolve("docs/gpu-checks.md"))) {
            if (line.startsWith("| ") && !line.startsWith("| claim ")) {
                String[] cells = line.substring(2, line.length() - 2).split(" \\| ", -1);
                assertThat(cells).as(line).hasSize(3);
                rows.add(new Row(cells[0], cells[1], cells[2]));
            }
        }
        return rows;
    }
}
