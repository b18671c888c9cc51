package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.nodes.spi.NodeInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SaveNamesTest {

    private static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 4, 5, 6, 7);

    private final Path root;

    SaveNamesTest(@TempDir Path root) {
        this.root = root;
    }

    private SaveNames names(String prefix) {
        return SaveNames.of(root, prefix, new SaveNames.Size(64, 48), NOW);
    }

    @ParameterizedTest
    @CsvSource({
        "clip, '', clip",
        "video/clip, video, clip",
        "a\\b\\clip, a/b, clip",
        "%date%/%width%x%height%, 2026-03-04, 64x48",
        "%date:yyyyMMdd%_%hour%%minute%%second%, '', 20260304_050607",
        "%year%-%month%-%day%, '', 2026-03-04",
        "%unknown%, '', %unknown%",
        "a/./b/../clip, a, clip"
    })
    void prefixesBecomeFolderAndStem(String prefix, String subfolder, String stem) {
        assertThat(names(prefix)).isEqualTo(new SaveNames(root, subfolder, stem));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../clip",
                "a/../../clip",
                "/etc/clip",
                "C:/clip",
                "",
                "video/",
                "a\u0000b",
                "what?",
                "%date:bb{%"
            })
    void prefixesThatLeaveTheFolderOrAreNoNamesNameThePortAndTheValue(String prefix) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> names(prefix))
                .withMessageContaining("'" + prefix + "'")
                .satisfies(e -> assertThat(e.port()).isEqualTo("filenamePrefix"));
    }

    @Test
    void theCounterIsOneAboveTheHighest() throws Exception {
        SaveNames clip = names("v/clip");
        assertThat(clip.fileName(clip.nextCounter(), "mp4")).isEqualTo("clip_00001_.mp4");

        Files.createDirectories(root.resolve("v"));
        Files.createFile(root.resolve("v/clip_00007_.webm"));
        Files.createFile(root.resolve("v/clip_00003_.mp4"));
        Files.createFile(root.resolve("v/clip.x_00099_.mp4"));

        assertThat(clip.nextCounter()).isEqualTo(8);
    }
}
