package dev.quantreel.engines.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptCacheTest {

    private static final PromptFormat FORMAT = new PromptFormat(4, PromptFormat.Padding.ZEROS);

    private final Path folder;
    private final PromptCache cache;

    PromptCacheTest(@TempDir Path root) {
        this.folder = root.resolve("prompts");
        this.cache = new PromptCache(folder, 1 << 20);
    }

    private static PromptEmbedding embedding(float first) {
        Tensor context = Tensor.of(Shape.of(1, 4, 2), first, 2, 3, 4, 0, 0, 0, 0);
        return new PromptEmbedding(context, 2, Optional.of(Tensor.of(Shape.of(1, 3), 7, 8, 9)), Optional.empty());
    }

    private static PromptTokens tokens(Integer... ids) {
        return new PromptTokens(List.of(ids), 0, ids.length, FORMAT);
    }

    private Path onlyFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(1);
            return all.getFirst();
        }
    }

    @Test
    void whatIsStoredIsFoundAsItWas() {
        assertThat(cache.find("a")).isEmpty();

        cache.store("a", embedding(1));

        PromptEmbedding found = cache.find("a").orElseThrow();
        assertThat(found.length()).isEqualTo(2);
        assertThat(found.context().shape()).isEqualTo(Shape.of(1, 4, 2));
        assertThat(found.context().toFloatArray()).containsExactly(1, 2, 3, 4, 0, 0, 0, 0);
        assertThat(found.pooled().orElseThrow().toFloatArray()).containsExactly(7, 8, 9);
        assertThat(cache.find("b")).isEmpty();
    }

    @Test
    void nothingEncodedIsKeptToo() {
        cache.store("a", PromptEmbedding.of(Tensor.of(Shape.of(1, 0, 5)), 0));

        assertThat(cache.find("a").orElseThrow().context().shape()).isEqualTo(Shape.of(1, 0, 5));
    }

    @Test
    void oneChangedBitOrAShortFileCountsAsAbsentAndGoes() throws IOException {
        cache.store("a", embedding(1));
        byte[] bytes = Files.readAllBytes(onlyFile());
        bytes[bytes.length - 1] ^= 1;
        Files.write(onlyFile(), bytes);
        assertThat(cache.find("a")).isEmpty();
        assertThat(Files.exists(folder.resolve("a.prompt.safetensors"))).isFalse();

        cache.store("a", embedding(1));
        Files.write(onlyFile(), new byte[] {1, 2, 3});
        assertThat(cache.find("a")).isEmpty();

        cache.store("a", embedding(5));
        assertThat(cache.find("a").orElseThrow().context().toFloatArray()[0]).isEqualTo(5);
    }

    @Test
    void beyondTheLimitTheLeastRecentlyUsedGo() throws IOException {
        cache.store("a", embedding(1));
        long bytes = Files.size(onlyFile());
        PromptCache small = new PromptCache(folder, 2 * bytes + bytes / 2);
        small.store("b", embedding(2));
        Files.setLastModifiedTime(folder.resolve("a.prompt.safetensors"), FileTime.fromMillis(1000));
        Files.setLastModifiedTime(folder.resolve("b.prompt.safetensors"), FileTime.fromMillis(2000));
        Files.writeString(folder.resolve("notes.txt"), "not ours");

        assertThat(small.find("a")).as("used, hence younger than b").isPresent();
        small.store("c", embedding(3));

        assertThat(small.find("b")).isEmpty();
        assertThat(small.find("a")).isPresent();
        assertThat(small.find("c")).isPresent();
        assertThat(Files.exists(folder.resolve("notes.txt"))).isTrue();
    }

    @Test
    void aFolderThatCannotBeWrittenIsNoFailure(@TempDir Path root) throws IOException {
        Path file = Files.writeString(root.resolve("file"), "in the way");
        PromptCache blocked = new PromptCache(file.resolve("prompts"), 1000);

        blocked.store("a", embedding(1));

        assertThat(blocked.find("a")).isEmpty();
    }

    @Test
    void everythingTheEncodingDependsOnIsInTheKey() {
        List<String> keys = List.of(
                PromptCache.key("m", EncoderPrecision.FULL, "e", tokens(1, 2)),
                PromptCache.key("n", EncoderPrecision.FULL, "e", tokens(1, 2)),
                PromptCache.key("m", EncoderPrecision.INT8, "e", tokens(1, 2)),
                PromptCache.key("m", new EncoderPrecision(8, 64), "e", tokens(1, 2)),
                PromptCache.key("m", EncoderPrecision.FULL, "f", tokens(1, 2)),
                PromptCache.key("m", EncoderPrecision.FULL, "e", tokens(2, 1)),
                PromptCache.key("m", EncoderPrecision.FULL, "e", new PromptTokens(List.of(1, 2), 1, 2, FORMAT)),
                PromptCache.key(
                        "m",
                        EncoderPrecision.FULL,
                        "e",
                        new PromptTokens(List.of(1, 2), 0, 2, FORMAT.withMaxTokens(5))));

        assertThat(keys).doesNotHaveDuplicates().allMatch(key -> key.matches("[0-9a-f]{64}"));
        assertThat(PromptCache.key("m", EncoderPrecision.FULL, "e", tokens(1, 2)))
                .isEqualTo(keys.getFirst());
    }
}
