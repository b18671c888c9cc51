package dev.quantreel.server.config;

import dev.quantreel.engines.memory.MachineMemory;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Options that say where things lie; the names are ComfyUI's.
final class FolderOptions {

    private static final Logger LOG = System.getLogger(FolderOptions.class.getName());

    @Option(
            names = "--base-directory",
            paramLabel = "DIR",
            description = "Where models, input, output, temp, user and plugins lie. Default: the installation.")
    private @Nullable Path base;

    @Option(
            names = "--output-directory",
            paramLabel = "DIR",
            description = "Where results are saved. Default: BASE/output.")
    private @Nullable Path output;

    @Option(
            names = "--input-directory",
            paramLabel = "DIR",
            description = "Where input files lie. Default: BASE/input.")
    private @Nullable Path input;

    @Option(
            names = "--temp-directory",
            paramLabel = "DIR",
            description = "Previews go to DIR/temp, which is emptied at start. Default: BASE.")
    private @Nullable Path temp;

    @Option(
            names = "--user-directory",
            paramLabel = "DIR",
            description = "Settings and saved workflows. Default: BASE/user.")
    private @Nullable Path user;

    @Option(
            names = "--extra-model-paths-config",
            paramLabel = "FILE",
            description = "Further model folders, a YAML file as ComfyUI reads it.")
    private @Nullable List<Path> extraModelPaths;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "Memory a generation may plan with, such as 12g; default: what is free.")
    private @Nullable String memory;

    /// @param outputOverride where results go whatever the options say
    ServerConfig config(Optional<Path> outputOverride) {
        limitMemory();
        Path home = ServerConfig.homeFolder();
        Path root = base == null ? home : absolute(base);
        if (base != null && !Files.isDirectory(root)) {
            throw new ConfigException("--base-directory " + base + ": there is no such folder");
        }
        List<ExtraFolder> extra = new ArrayList<>();
        for (Path file : extraFiles(root)) {
            ExtraModelPaths.Extra read = ExtraModelPaths.read(file);
            extra.addAll(read.folders());
            read.warnings().forEach(warning -> LOG.log(Level.WARNING, warning));
        }
        return new ServerConfig(
                home,
                root,
                outputOverride.map(FolderOptions::absolute).orElse(or(output, root.resolve("output"))),
                or(input, root.resolve("input")),
                (temp == null ? root : absolute(temp)).resolve("temp"),
                or(user, root.resolve("user")).resolve("default"),
                extra);
    }

    /// The files that were named, and the one that ComfyUI looks for beside its models.
    private List<Path> extraFiles(Path root) {
        List<Path> files = new ArrayList<>();
        Path usual = root.resolve("extra_model_paths.yaml");
        if (Files.isRegularFile(usual)) {
            files.add(usual);
        }
        files.addAll(extraModelPaths == null ? List.of() : extraModelPaths);
        return files;
    }

    private void limitMemory() {
        if (memory == null) {
            return;
        }
        try {
            MachineMemory.parse(memory);
        } catch (IllegalArgumentException e) {
            throw new ConfigException("--memory: " + e.getMessage());
        }
        System.setProperty(MachineMemory.PROPERTY, memory);
    }

    private static Path or(@Nullable Path given, Path otherwise) {
        return given == null ? otherwise : absolute(given);
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }
}
