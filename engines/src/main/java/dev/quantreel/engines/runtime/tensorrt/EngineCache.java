package dev.quantreel.engines.runtime.tensorrt;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Built engines in a folder: `KEY.plan`, and `KEY.properties` that says what it is. An engine without the latter, or
/// of another size than it says, is none. Several processes may share a folder: files appear whole.
///
/// @param folder made when something is kept
public record EngineCache(Path folder) {

    private static final System.Logger LOG = System.getLogger(EngineCache.class.getName());
    private static final String PLAN = ".plan";
    private static final String FACTS = ".properties";
    private static final String GRAPH = "graph-";
    private static final String TIMES = "timing-";
    private static final String TIMES_END = ".cache";
    private static final Pattern GRAPH_FOLDER = Pattern.compile(GRAPH + "(\\d+)-.*");
    static final String PART = ".part";
    private static final Pattern OF_ENGINE = Pattern.compile("[0-9a-f]{32}\\.(plan|properties)");
    private static final Pattern OF_PROCESS =
            Pattern.compile("\\.[0-9a-f]{32}\\.(?:plan|properties)\\.(\\d+)\\.(?:part|request)");

    /// Where the plan of a key lies, or would.
    public Path plan(EngineKey key) {
        return plan(key.fileName());
    }

    private Path plan(String key) {
        return folder.resolve(key + PLAN);
    }

    private Path facts(String key) {
        return folder.resolve(key + FACTS);
    }

    /// Times of tactics on a chip under a version of TensorRT, shared by all engines built there.
    public Path timingCache(int tensorRt, Chip chip) {
        String name = chip.toString().replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
        return folder.resolve(TIMES + tensorRt + "-" + name + TIMES_END);
    }

    /// A whole engine; says to the cache that it is in use.
    public Optional<CachedEngine> find(EngineKey key) {
        String name = key.fileName();
        Optional<CachedEngine> found = read(name);
        if (found.isPresent()) {
            try {
                Files.setLastModifiedTime(plan(name), FileTime.from(Instant.now()));
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> "cannot note the use of " + plan(name), e);
            }
        }
        return found;
    }

    /// Notes what the engine is that was written to [#plan(EngineKey)]; it is found from then on.
    ///
    /// @throws IOException when the file cannot be written
    public void keep(CachedEngine engine) throws IOException {
        Path facts = facts(engine.key());
        Path part = own(facts, PART);
        try {
            try (Writer writer = Files.newBufferedWriter(part)) {
                engine.toProperties().store(writer, null);
            }
            move(part, facts);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /// All whole engines, the one used last first.
    ///
    /// @throws IOException when the folder cannot be read
    public List<CachedEngine> list() throws IOException {
        List<CachedEngine> engines = new ArrayList<>();
        for (Path facts : files(name -> name.endsWith(FACTS) && !name.startsWith("."))) {
            String name = facts.getFileName().toString();
            read(name.substring(0, name.length() - FACTS.length())).ifPresent(engines::add);
        }
        engines.sort(Comparator.comparing(CachedEngine::lastUsed).reversed().thenComparing(CachedEngine::key));
        return engines;
    }

    /// Deletes engines, those first that were not used for longest, until the rest takes no more than `bytes`.
    ///
    /// @param spared stays whatever its size
    /// @return what was deleted
    /// @throws IOException when a file cannot be deleted
    public List<CachedEngine> evict(long bytes, Optional<EngineKey> spared) throws IOException {
        List<CachedEngine> engines = list();
        Optional<String> stays = spared.map(EngineKey::fileName);
        long left = engines.stream().mapToLong(CachedEngine::bytes).sum();
        List<CachedEngine> gone = new ArrayList<>();
        for (CachedEngine engine : engines.reversed()) {
            if (left <= bytes) {
                break;
            }
            if (stays.filter(engine.key()::equals).isEmpty()) {
                delete(engine.key());
                left -= engine.bytes();
                gone.add(engine);
            }
        }
        return gone;
    }

    /// A folder of this process for a graph on its way into the cache.
    ///
    /// @throws IOException when it cannot be made
    Path newGraphFolder() throws IOException {
        Files.createDirectories(folder);
        return Files.createTempDirectory(folder, GRAPH + ProcessHandle.current().pid() + "-");
    }

    /// Deletes what processes left behind that are no more: graphs, and parts of engines.
    void sweep() {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (isLeft(GRAPH_FOLDER.matcher(name))) {
                    deleteFolder(file);
                } else if (isLeft(OF_PROCESS.matcher(name))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, () -> "cannot tidy " + folder + ": " + e);
        }
    }

    private static boolean isLeft(Matcher ofProcess) {
        return ofProcess.matches()
                && ProcessHandle.of(Long.parseLong(ofProcess.group(1))).isEmpty();
    }

    /// A file of this process on its way to becoming another, so that several may make the same.
    static Path own(Path file, String ending) {
        return file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid() + ending);
    }

    /// Deletes a folder and the files in it.
    static void deleteFolder(Path gone) throws IOException {
        try (Stream<Path> files = Files.list(gone)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(gone);
    }

    /// Deletes the engine of a key, if there is one.
    ///
    /// @throws IOException when a file cannot be deleted
    public void delete(EngineKey key) throws IOException {
        delete(key.fileName());
    }

    /// Deletes an engine.
    ///
    /// @throws IOException when a file cannot be deleted
    public void delete(CachedEngine engine) throws IOException {
        delete(engine.key());
    }

    /// Times of tactics, one file per chip and version of TensorRT.
    ///
    /// @throws IOException when the folder cannot be read
    public List<Path> timingCaches() throws IOException {
        return files(name -> name.startsWith(TIMES) && name.endsWith(TIMES_END));
    }

    /// Deletes all engines, also those that are not whole, and the times of tactics; what others are building stays.
    ///
    /// @throws IOException when a file cannot be deleted
    public void clear() throws IOException {
        for (Path file : files(name -> OF_ENGINE.matcher(name).matches())) {
            Files.deleteIfExists(file);
        }
        for (Path file : timingCaches()) {
            Files.deleteIfExists(file);
        }
        sweep();
    }

    private List<Path> files(Predicate<String> wanted) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> wanted.test(file.getFileName().toString()))
                    .sorted()
                    .toList();
        }
    }

    private void delete(String key) throws IOException {
        Files.deleteIfExists(facts(key));
        Files.deleteIfExists(plan(key));
    }

    private Optional<CachedEngine> read(String key) {
        try (Reader reader = Files.newBufferedReader(facts(key))) {
            Properties properties = new Properties();
            properties.load(reader);
            CachedEngine engine = CachedEngine.of(
                    key, properties, Files.getLastModifiedTime(plan(key)).toInstant());
            if (engine.bytes() == Files.size(plan(key))) {
                return Optional.of(engine);
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> plan(key) + " is not the engine that was written there; it will be built again");
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(System.Logger.Level.WARNING, () -> "cannot read " + facts(key) + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
