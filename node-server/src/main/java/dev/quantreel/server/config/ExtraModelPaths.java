package dev.quantreel.server.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// ComfyUI's `extra_model_paths.yaml`: sections with a `base_path` and, by model folder, one path a line.
final class ExtraModelPaths {

    private static final Set<String> SETTINGS = Set.of("base_path", "is_default");
    private static final Map<String, String> ALIASES = Map.of("unet", "diffusion_models", "clip", "text_encoders");

    private ExtraModelPaths() {}

    /// Further folders by model kind.
    ///
    /// @throws ConfigException when the file cannot be read or has another form
    static Map<String, List<Path>> read(Path file) {
        Map<String, List<Path>> folders = new LinkedHashMap<>();
        if (load(file) instanceof Map<?, ?> sections) {
            sections.forEach((name, section) -> {
                if (section instanceof Map<?, ?> entries) {
                    addSection(file, entries, folders);
                } else if (section != null) {
                    throw new ConfigException(
                            file + ": section '" + name + "' must hold folders, got '" + section + "'");
                }
            });
        }
        return folders;
    }

    private static Object load(Path file) {
        try (InputStream input = Files.newInputStream(file)) {
            LoadSettings settings =
                    LoadSettings.builder().setLabel(file.toString()).build();
            Object document = new Load(settings).loadFromInputStream(input);
            if (document != null && !(document instanceof Map<?, ?>)) {
                throw new ConfigException(file + ": expected sections with folders, got " + document);
            }
            return document == null ? Map.of() : document;
        } catch (IOException e) {
            throw new ConfigException("extra model paths " + file + " cannot be read: " + e.getMessage());
        } catch (YamlEngineException e) {
            throw new ConfigException("extra model paths " + file + " are not YAML: " + e.getMessage());
        }
    }

    private static void addSection(Path file, Map<?, ?> entries, Map<String, List<Path>> folders) {
        Path parent = file.toAbsolutePath().getParent();
        Path base = entries.get("base_path") instanceof String text ? expand(text) : Path.of("");
        Path root = parent == null ? base : parent.resolve(base);
        entries.forEach((key, value) -> {
            if (!SETTINGS.contains(String.valueOf(key)) && value instanceof String lines) {
                String name = ALIASES.getOrDefault(String.valueOf(key), String.valueOf(key));
                List<Path> paths = folders.computeIfAbsent(name, missing -> new ArrayList<>());
                lines.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .forEach(line -> paths.add(root.resolve(expand(line)).normalize()));
            }
        });
    }

    private static Path expand(String text) {
        String path = text.strip();
        return path.startsWith("~/") ? Path.of(System.getProperty("user.home", ""), path.substring(2)) : Path.of(path);
    }
}
