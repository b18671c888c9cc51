package dev.quantreel.server.config;

import dev.quantreel.engines.artifact.ArtifactProgress;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.artifact.ArtifactSource;
import dev.quantreel.engines.artifact.ArtifactWriter;
import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.checkpoint.CheckpointCensus;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointScan;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel quantize`.
@Command(
        name = "quantize",
        description = "Quantizes a diffusion transformer by a recipe and writes it as one file that runs without the"
                + " original. One tensor is in memory at a time. A run that was stopped or killed leaves FILE.part; the"
                + " same command goes on there, and the file is the same as if it had not been stopped.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class QuantizeCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;
    private static final String SUFFIX = ".json";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "SRC",
            description = "Checkpoint: a file, an index of shards, or a diffusers folder.")
    private Path source = Path.of("");

    @Option(
            names = "--recipe",
            required = true,
            paramLabel = "RECIPE",
            description = "A recipe: a JSON file, or the name of one that comes with the program, such as dvd-quant-w4;"
                    + " docs/recipes.md lists them.")
    private String recipe = "";

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "The .safetensors file to write. Default: SRC's name with the recipe's, here.")
    private @Nullable Path out;

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(names = "--force", description = "Replace FILE if it exists.")
    private boolean force;

    @Option(names = "--restart", description = "Forget what an earlier run left in FILE.part, statistics included.")
    private boolean restart;

    @Override
    public Integer call() throws Exception {
        try (CheckpointFile file = CheckpointFiles.open(source)) {
            Recipe read = Recipe.read(ShippedRecipes.file(recipe));
            Path target =
                    out != null ? out : Path.of(stem(file) + "_" + stem(ShippedRecipes.file(recipe)) + ".safetensors");
            if (Files.exists(target) && !force) {
                throw new ConfigException("--out " + target + " exists; --force replaces it");
            }
            if (restart) {
                ArtifactWriter.discard(target);
            }
            TransformerCheckpoint model = TransformerCheckpoint.of(file);
            return StoppableWork.run(cancellation -> quantize(model, file, read, target, cancellation));
        } catch (CancellationException e) {
            spec.commandLine().getErr().println("Interrupted; what is done is kept, the same command goes on there.");
            return INTERRUPTED;
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    private int quantize(
            TransformerCheckpoint model, CheckpointFile file, Recipe read, Path target, CancellationToken cancellation)
            throws Exception {
        Path cache = ServerConfig.homeFolder().resolve("cache");
        Optional<CheckpointCensus> known = CheckpointCensus.known(file, cache);
        known.flatMap(CheckpointCensus::damage).ifPresent(found -> {
            throw new ConfigException(source + " has " + found + "; only finite weights can be quantized");
        });
        ArtifactSource from = new ArtifactSource(
                String.valueOf(file.path().getFileName()),
                known.map(CheckpointCensus::digest).orElse(""),
                CheckpointScan.bytes(file),
                file.format().toString());
        ByteProgress progress = new ByteProgress(System.err, "quantizing " + target, from.bytes());
        CalibrationOptions.Task task = new CalibrationOptions.Task(
                model, read.plan(), CheckpointCensus.identity(file), ArtifactWriter.statistics(target));
        try (CalibrationOptions.Calibrated calibrated = calibration.open(task, cancellation)) {
            String digest = ArtifactWriter.write(
                    new ArtifactWriter.Source(
                            model, file.stored(), task.identity() + calibrated.identity(), calibrated.statistics()),
                    target,
                    new ArtifactWriter.Document(read, from),
                    new ArtifactWriter.Watch(step -> tell(step, progress), cancellation));
            calibrated.discard();
            if (known.isEmpty()) {
                new CheckpointCensus(digest, Optional.empty()).keep(file, cache);
            }
        } finally {
            progress.end();
        }
        report(target, progress);
        return 0;
    }

    private static void tell(ArtifactProgress.Step step, ByteProgress progress) {
        if (step.resumed()) {
            progress.skip(step.sourceBytes());
        } else {
            progress.advance(step.sourceBytes());
        }
    }

    private void report(Path target, ByteProgress progress) {
        PrintWriter terminal = spec.commandLine().getOut();
        try (CheckpointFile written = CheckpointFiles.open(target)) {
            ArtifactReport report = ArtifactReport.of(written)
                    .orElseThrow(() -> new IllegalStateException(target + " is not what was just written"));
            terminal.println(target);
            ArtifactTable.summary(report).forEach(terminal::println);
        }
        terminal.printf(
                Locale.ROOT,
                "written    %s of the source in %.1f s, %s; %s%n",
                ByteProgress.megabytes(progress.freshBytes()),
                progress.seconds(),
                progress.rate(),
                ResidentMemory.now().describe());
        terminal.flush();
    }

    private static String stem(CheckpointFile file) {
        return stem(file.path().toAbsolutePath().normalize());
    }

    private static String stem(Path path) {
        String name = String.valueOf(path.getFileName());
        for (String suffix : List.of(".safetensors.index.json", ".safetensors", ".gguf", SUFFIX)) {
            if (name.endsWith(suffix)) {
                return name.substring(0, name.length() - suffix.length());
            }
        }
        return name;
    }
}
