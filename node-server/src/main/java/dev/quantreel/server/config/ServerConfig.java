package dev.quantreel.server.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Where things lie.
///
/// @param home the installation: demo models, example workflows and the built page lie below it
/// @param base models, input, output and plugins lie below it unless said otherwise
/// @param extraModelFolders further folders by model kind, after those of the base folder
public record ServerConfig(
        Path home,
        Path base,
        Path output,
        Path input,
        Path temp,
        Path user,
        Map<String, List<Path>> extraModelFolders) {

    public ServerConfig {
        extraModelFolders = Map.copyOf(extraModelFolders);
    }

    /// The installation named by the launcher, else the current folder.
    public static Path homeFolder() {
        return Path.of(Optional.ofNullable(System.getProperty("quantreel.home")).orElse("."))
                .toAbsolutePath()
                .normalize();
    }

    /// All model folders: those of the base folder, extra ones, and the demo models.
    public Map<String, List<Path>> modelFolders() {
        Map<String, List<Path>> folders = new LinkedHashMap<>();
        for (String name : DataFolders.STANDARD) {
            List<Path> extra = extraModelFolders.getOrDefault(name, List.of());
            folders.put(name, join(List.of(base.resolve("models").resolve(name)), extra));
        }
        extraModelFolders.forEach((name, paths) -> folders.putIfAbsent(name, paths));
        for (String name : List.of("diffusion_models", "text_encoders", "vae")) {
            Path demo = home.resolve("workflows").resolve("demo-models").resolve(name);
            folders.put(name, join(folders.getOrDefault(name, List.of()), List.of(demo)));
        }
        return folders;
    }

    private static List<Path> join(List<Path> first, List<Path> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    /// Jars with further nodes.
    public Path plugins() {
        return base.resolve("plugins");
    }

    /// Encoded prompts and the like, which can be computed again.
    public Path cache() {
        return base.resolve("cache");
    }

    /// Example workflows.
    public Path workflows() {
        return home.resolve("workflows");
    }

    /// The page built from `web`.
    public Path page() {
        return home.resolve("web").resolve("dist");
    }
}
