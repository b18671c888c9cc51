package dev.quantreel.server.config;

import dev.quantreel.engines.runtime.tensorrt.CachedEngine;
import dev.quantreel.engines.runtime.tensorrt.EngineCache;
import dev.quantreel.engines.runtime.tensorrt.TensorRtSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `quantreel engines`.
@Command(
        name = "engines",
        description = "Lists the engines that TensorRT built, the one used last first, and removes what is not wanted;"
                + " a removed one is built again when a model needs it. Works without an NVIDIA GPU.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class EnginesCommand implements Callable<Integer> {

    private static final List<String> HEADINGS =
            List.of("key", "graph", "products", "chip", "TensorRT", "size", "built in", "last used", "layers");

    /// As many as are printed.
    private static final int KEY_LENGTH = 8;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--cache",
            paramLabel = "FOLDER",
            description = "Where engines are. Default: where the engine tensorrt keeps them, ${DEFAULT-VALUE}.")
    private Path cache = TensorRtSettings.defaults().cache();

    @ArgGroup
    private @Nullable Removal removal;

    /// One of these.
    private static final class Removal {

        @Option(
                names = "--remove",
                paramLabel = "ENGINE",
                split = ",",
                description = "Remove engines by the beginning of their keys, or all of a graph by its name.")
        private List<String> named = List.of();

        @Option(
                names = "--unused",
                paramLabel = "DAYS",
                description = "Remove engines that were not used for so many days.")
        private @Nullable Integer days;

        @Option(
                names = "--remove-all",
                description = "Remove all engines, and the times of tactics that make building shorter.")
        private boolean all;
    }

    @Override
    public Integer call() throws IOException {
        EngineCache engines = new EngineCache(cache);
        PrintWriter out = spec.commandLine().getOut();
        List<CachedEngine> known = engines.list();
        if (removal == null) {
            print(engines, known, out);
        } else {
            List<CachedEngine> gone = chosen(removal, known);
            for (CachedEngine engine : gone) {
                engines.delete(engine);
                out.println("removed " + engine.line());
            }
            if (removal.all) {
                engines.clear();
            }
            out.println(gone.size() + " of " + known.size() + " engines removed, "
                    + size(gone.stream().mapToLong(CachedEngine::bytes).sum()));
        }
        out.flush();
        return 0;
    }

    private static List<CachedEngine> chosen(Removal removal, List<CachedEngine> known) {
        if (removal.all) {
            return known;
        }
        if (removal.days != null) {
            if (removal.days < 0) {
                throw new ConfigException("--unused " + removal.days + ": 0 or more days are accepted");
            }
            Instant since = Instant.now().minus(Duration.ofDays(removal.days));
            return known.stream()
                    .filter(engine -> engine.lastUsed().isBefore(since))
                    .toList();
        }
        List<CachedEngine> chosen = new ArrayList<>();
        for (String name : removal.named) {
            List<CachedEngine> meant = known.stream()
                    .filter(engine -> engine.model().equals(name)
                            || name.length() >= 4 && engine.key().startsWith(name))
                    .toList();
            if (meant.isEmpty()) {
                throw new ConfigException("there is no engine '" + name + "'; there are "
                        + known.stream().map(EnginesCommand::shortKey).toList()
                        + " (4 characters at least), and graphs "
                        + known.stream().map(CachedEngine::model).distinct().toList());
            }
            meant.stream().filter(engine -> !chosen.contains(engine)).forEach(chosen::add);
        }
        return chosen;
    }

    private static void print(EngineCache cache, List<CachedEngine> engines, PrintWriter out) throws IOException {
        if (!engines.isEmpty()) {
            PlainTable.print(HEADINGS, engines.stream().map(EnginesCommand::row).toList(), out);
        }
        out.println(engines.size() + " engines in " + cache.folder() + ", "
                + size(engines.stream().mapToLong(CachedEngine::bytes).sum()) + "; times of tactics of "
                + cache.timingCaches().size() + " chips and versions");
    }

    private static List<String> row(CachedEngine engine) {
        return List.of(
                shortKey(engine),
                engine.model(),
                engine.label(),
                engine.chip(),
                engine.tensorRt(),
                size(engine.bytes()),
                engine.buildSeconds() + " s",
                engine.lastUsed().truncatedTo(ChronoUnit.SECONDS).toString(),
                engine.layers());
    }

    private static String shortKey(CachedEngine engine) {
        return engine.key().substring(0, Math.min(KEY_LENGTH, engine.key().length()));
    }

    private static String size(long bytes) {
        return ModelsCommand.amount(bytes, 1000, List.of("B", "KB", "MB", "GB"));
    }
}
