package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.tensorrt.BuildOptions;
import dev.quantreel.engines.runtime.tensorrt.CachedEngine;
import dev.quantreel.engines.runtime.tensorrt.Chip;
import dev.quantreel.engines.runtime.tensorrt.EngineCache;
import dev.quantreel.engines.runtime.tensorrt.EngineKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `quantreel engines` on a cache with three engines, used 1, 10 and 100 days ago.
class EnginesCommandTest {

    private static final Chip CHIP = new Chip("NVIDIA H100 80GB HBM3", 9, 0);

    private final EngineCache cache;

    EnginesCommandTest(@TempDir Path folder) {
        this.cache = new EngineCache(folder);
    }

    private static EngineKey key(String graph) {
        return new EngineKey(graph, "shapes", "", 101501, CHIP);
    }

    @BeforeEach
    void threeEngines() throws IOException {
        int days = 1;
        for (String graph : new String[] {"wan-trunk", "wan-head", "ltx-trunk"}) {
            Files.write(cache.plan(key(graph)), new byte[1500]);
            cache.keep(new CachedEngine(
                    key(graph).fileName(),
                    graph,
                    "W8A8",
                    "10.15.1",
                    CHIP.toString(),
                    BuildOptions.DEFAULTS.toString(),
                    1500,
                    93,
                    graph.equals("wan-trunk") ? "3 of 4 products in 8 bits" : "",
                    Instant.EPOCH));
            Files.setLastModifiedTime(
                    cache.plan(key(graph)), FileTime.from(Instant.now().minus(Duration.ofDays(days))));
            days *= 10;
        }
        Files.writeString(cache.timingCache(101501, CHIP), "times");
    }

    private CommandLineRun engines(String... arguments) {
        Object[] all = new Object[arguments.length + 3];
        all[0] = "engines";
        all[1] = "--cache";
        all[2] = cache.folder();
        System.arraycopy(arguments, 0, all, 3, arguments.length);
        return CommandLineRun.quantreel(all);
    }

    @Test
    void enginesAreListedTheOneUsedLastFirst() {
        CommandLineRun listed = engines();

        assertThat(listed.code()).isZero();
        assertThat(listed.out().lines())
                .hasSize(5)
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("key").contains("graph", "chip", "last used"),
                        line -> assertThat(line)
                                .startsWith(key("wan-trunk").fileName().substring(0, 8))
                                .contains("wan-trunk", "W8A8", "H100", "10.15.1", "1.50 KB", "93 s", "3 of 4 products"),
                        line -> assertThat(line).contains("wan-head"),
                        line -> assertThat(line).contains("ltx-trunk"),
                        line -> assertThat(line)
                                .contains("3 engines in " + cache.folder(), "4.50 KB", "of 1 chips and versions"));
    }

    @Test
    void enginesAreRemovedByKeyAndByGraph() throws IOException {
        CommandLineRun removed = engines("--remove", key("wan-head").fileName().substring(0, 8) + ",ltx-trunk");

        assertThat(removed.out()).contains("removed", "wan-head", "ltx-trunk", "2 of 3 engines removed, 3.00 KB");
        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("wan-trunk");
        assertThat(cache.plan(key("wan-head"))).doesNotExist();
    }

    @Test
    void enginesThatNobodyUsesAreRemoved() throws IOException {
        assertThat(engines("--unused", "30").out()).contains("1 of 3 engines removed");
        assertThat(cache.list()).extracting(CachedEngine::model).containsExactly("wan-trunk", "wan-head");
        assertThat(engines("--unused", "-1").code()).isEqualTo(2);
    }

    @Test
    void allOfThemGoWithTheirTimes() throws IOException {
        assertThat(engines("--remove-all").out()).contains("3 of 3 engines removed");
        assertThat(cache.folder().toFile().list()).isEmpty();
        assertThat(engines().out()).startsWith("0 engines in ");
    }

    @Test
    void aNameThatIsNoneIsAnsweredWithThoseThereAre() throws IOException {
        CommandLineRun refused = engines("--remove", "wan");

        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .contains("'wan'", "wan-trunk", key("ltx-trunk").fileName().substring(0, 8));
        assertThat(cache.list()).hasSize(3);
        assertThat(engines("--remove-all", "--unused", "3").code())
                .as("one of them")
                .isEqualTo(2);
    }

    @Test
    void aFolderThatIsNotThereHasNone() {
        CommandLineRun listed =
                CommandLineRun.quantreel("engines", "--cache", cache.folder().resolve("none"));
        assertThat(listed.code()).isZero();
        assertThat(listed.out()).startsWith("0 engines in ");
    }
}
