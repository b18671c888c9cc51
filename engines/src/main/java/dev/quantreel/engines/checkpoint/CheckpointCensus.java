package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.NonFinite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;

/// What only a look at every weight tells about a checkpoint: the digest of its content, and whether all weights are
/// finite. Kept on disk under path, size and time of its files, so that 28 GB are read once and not at every start.
///
/// @param digest see [dev.quantreel.engines.tensor.Checkpoint#digest]
/// @param damage where the first NaN or infinity is, in words; empty when all weights are finite
public record CheckpointCensus(String digest, Optional<String> damage) {

    private static final System.Logger LOG = System.getLogger(CheckpointCensus.class.getName());
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    /// Raised when the digest or the search for damage changes.
    private static final String VERSION = "quantreel checkpoint census 1";

    /// Looks it up, or reads every weight and remembers the result.
    ///
    /// @param file open
    /// @param cache folder for results; one that cannot be written to is logged and does without
    /// @param read told how many bytes were read since the last call, of [CheckpointScan#bytes]; from any thread
    /// @throws java.util.concurrent.CancellationException when interrupted
    public static CheckpointCensus of(
            CheckpointFile file, Path cache, LongConsumer read, CancellationToken cancellation) {
        return known(file, cache).orElseGet(() -> {
            CheckpointScan.Result scan = CheckpointScan.of(file, read, cancellation);
            CheckpointCensus census =
                    new CheckpointCensus(scan.digest(), scan.damage().map(NonFinite::describe));
            census.keep(file, cache);
            return census;
        });
    }

    /// Looks it up; reads no weight.
    public static Optional<CheckpointCensus> known(CheckpointFile file, Path cache) {
        String identity = identity(file);
        return read(entry(identity, cache), identity);
    }

    /// Remembers what another look at every weight found.
    public void keep(CheckpointFile file, Path cache) {
        String identity = identity(file);
        write(entry(identity, cache), identity, this);
    }

    /// Path, size and time of all files of a checkpoint: equal as long as nobody wrote to them.
    public static String identity(CheckpointFile file) {
        return CheckpointStamp.of(file.parts());
    }

    private static Path entry(String identity, Path cache) {
        return cache.resolve("checkpoints").resolve(sha256(identity) + ".txt");
    }

    private static Optional<CheckpointCensus> read(Path entry, String identity) {
        try {
            List<String> lines = Files.exists(entry) ? Files.readAllLines(entry) : List.of();
            int parts = identity.split("\n", -1).length;
            boolean valid = lines.size() == parts + 3
                    && lines.getFirst().equals(VERSION)
                    && DIGEST.matcher(lines.get(1)).matches()
                    && String.join("\n", lines.subList(3, lines.size())).equals(identity);
            return valid
                    ? Optional.of(new CheckpointCensus(
                            lines.get(1), Optional.of(lines.get(2)).filter(damage -> !damage.isEmpty())))
                    : Optional.empty();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot read " + entry + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private static void write(Path entry, String identity, CheckpointCensus census) {
        String text = String.join("\n", VERSION, census.digest, census.damage.orElse(""), identity);
        Path temporary = entry.resolveSibling("." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(entry.toAbsolutePath().getParent());
            Files.writeString(temporary, text);
            Files.move(temporary, entry, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "cannot keep the digest of a checkpoint in " + entry.getParent() + ": " + e.getMessage());
        }
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
