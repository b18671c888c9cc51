package dev.quantreel.server.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where things lie.
///
/// @param home the installation: demo models, example workflows and the built page lie below it
/// @param base models, input, output and plugins lie below it unless said otherwise
/// @param extraModelFolders further folders; the preferred ones are searched first, the others after those of the base
public record ServerConfig(
        Path home, Path base, Path output, Path input, Path temp, Path user, List<ExtraFolder> extraModelFolders) {

    /// Kinds that are also looked for below the output folder, as ComfyUI does, so that what was saved can be loaded.
    private static final List<String> SAVED =
            List.of("checkpoints", "diffusion_models", "text_encoders", "vae", "loras");

    public ServerConfig {
        extraModelFolders = List.copyOf(extraModelFolders);
    }

    /// The installation named by the launcher, else the current folder.
    public static Path homeFolder() {
        return Path.of(Optional.ofNullable(System.getProperty("quantreel.home")).orElse("."))
                .toAbsolutePath()
                .normalize();
    }

    /// All model folders by kind: preferred extra ones, those of the base folder under their present and former names,
    /// other extra ones, those that nodes save below the output folder, and the demo models.
    public Map<String, List<Path>> modelFolders() {
        Map<String, List<Path>> folders = new LinkedHashMap<>();
        extra(folders, true);
        for (String kind : ModelFolderKinds.STANDARD) {
            for (String name : ModelFolderKinds.folders(kind)) {
                add(folders, kind, base.resolve("models").resolve(name));
            }
        }
        extra(folders, false);
        for (String kind : SAVED) {
            add(folders, kind, output.resolve(kind));
        }
        for (String kind : List.of("diffusion_models", "text_encoders", "vae")) {
            add(folders, kind, home.resolve("workflows").resolve("demo-models").resolve(kind));
        }
        return folders;
    }

    private void extra(Map<String, List<Path>> folders, boolean preferred) {
        extraModelFolders.stream()
                .filter(extra -> extra.preferred() == preferred)
                .forEach(extra -> add(folders, extra.kind(), extra.path()));
    }

    private static void add(Map<String, List<Path>> folders, String kind, Path path) {
        List<Path> paths = folders.computeIfAbsent(kind, missing -> new ArrayList<>());
        if (!paths.contains(path)) {
            paths.add(path);
        }
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
