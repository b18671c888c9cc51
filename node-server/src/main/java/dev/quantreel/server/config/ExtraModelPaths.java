package dev.quantreel.server.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/// ComfyUI's `extra_model_paths.yaml`: sections with an optional `base_path`, `is_default`, and by kind of folder one
/// path a line. Only the tree of the document is built, never an object it names.
///
/// A document of another form is an error; a folder that does not exist is a warning, because drives come and go. Both
/// name the line.
final class ExtraModelPaths {

    private static final String BASE = "base_path";
    private static final String DEFAULT = "is_default";
    private static final Pattern VARIABLE =
            Pattern.compile("\\$\\{(\\w+)}|\\$(\\w+)|%(\\w+)%", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Set<Tag> PLAIN = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL);
    private static final Set<String> TRUE = Set.of("true", "yes", "on", "1");
    private static final Set<String> FALSE = Set.of("false", "no", "off", "0");

    private final Path file;
    private final Map<String, String> environment;
    private final List<ExtraFolder> folders = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    /// What a file says.
    ///
    /// @param folders in the order of the file
    /// @param warnings folders that do not exist, and names that are probably spelled wrongly
    record Extra(List<ExtraFolder> folders, List<String> warnings) {}

    private ExtraModelPaths(Path file, Map<String, String> environment) {
        this.file = file;
        this.environment = environment;
    }

    /// @throws ConfigException when the file cannot be read or has another form
    static Extra read(Path file) {
        return read(file, System.getenv());
    }

    /// @param environment variables for `$NAME`, `${NAME}` and `%NAME%`
    static Extra read(Path file, Map<String, String> environment) {
        ExtraModelPaths reader = new ExtraModelPaths(file, environment);
        reader.document();
        return new Extra(List.copyOf(reader.folders), List.copyOf(reader.warnings));
    }

    private void document() {
        Optional<Node> root;
        try (InputStream input = Files.newInputStream(file)) {
            LoadSettings settings =
                    LoadSettings.builder().setLabel(file.toString()).build();
            root = new Compose(settings).composeInputStream(input);
        } catch (NoSuchFileException e) {
            throw new ConfigException("extra model paths: there is no file " + file);
        } catch (IOException e) {
            throw new ConfigException("extra model paths " + file + " cannot be read: " + e.getMessage());
        } catch (YamlEngineException e) {
            throw new ConfigException("extra model paths " + file + " are not YAML: " + e.getMessage());
        }
        root.filter(node -> !isNull(node)).ifPresent(node -> entries(node, "the file", "sections, each with folders")
                .forEach(section -> section(text(section.getKeyNode(), "a section's name"), section.getValueNode())));
    }

    private void section(String name, Node node) {
        if (isNull(node)) {
            return;
        }
        List<NodeTuple> entries = entries(node, "section '" + name + "'", "lines such as 'vae: models/vae'");
        Path root = file.toAbsolutePath().getParent();
        boolean preferred = false;
        for (NodeTuple entry : entries) {
            String key = text(entry.getKeyNode(), "a name in section '" + name + "'");
            if (key.equals(BASE)) {
                Path base = path(entry.getValueNode(), text(entry.getValueNode(), BASE));
                root = root == null ? base : root.resolve(base).normalize();
                requireFolder(entry.getValueNode(), BASE, root);
            } else if (key.equals(DEFAULT)) {
                preferred = isTrue(entry.getValueNode());
            }
        }
        for (NodeTuple entry : entries) {
            String key = text(entry.getKeyNode(), "a name in section '" + name + "'");
            if (!key.equals(BASE) && !key.equals(DEFAULT) && !isNull(entry.getValueNode())) {
                folder(key, entry, root, preferred);
            }
        }
    }

    private void folder(String key, NodeTuple entry, @Nullable Path root, boolean preferred) {
        if (!ModelFolderKinds.isKnown(key)) {
            String nearest = ModelFolderKinds.nearest(key);
            if (!nearest.isEmpty()) {
                warnings.add(place(entry.getKeyNode()) + "no node reads folders of the kind '" + key + "'; probably '"
                        + nearest + "' was meant");
            }
        }
        for (String line : lines(key, entry.getValueNode())) {
            Path path = path(entry.getValueNode(), line);
            Path resolved = root == null ? path : root.resolve(path).normalize();
            requireFolder(entry.getValueNode(), key, resolved);
            folders.add(new ExtraFolder(ModelFolderKinds.present(key), resolved, preferred));
        }
    }

    /// The paths of one kind: a text with one a line, or a YAML list.
    private List<String> lines(String key, Node value) {
        Stream<String> texts =
                switch (value) {
                    case SequenceNode list ->
                        list.getValue().stream().map(item -> text(item, "a path of '" + key + "'"));
                    default -> Stream.of(text(value, key));
                };
        return texts.flatMap(String::lines)
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private void requireFolder(Node node, String what, Path path) {
        if (!Files.isDirectory(path)) {
            warnings.add(place(node) + what + " is " + path + ", which "
                    + (Files.exists(path) ? "is a file, not a folder" : "does not exist")
                    + "; its models are not found");
        }
    }

    private Path path(Node node, String text) {
        Matcher matcher = VARIABLE.matcher(text.strip());
        String expanded = matcher.replaceAll(match -> Matcher.quoteReplacement(Stream.of(1, 2, 3)
                .map(match::group)
                .filter(name -> name != null)
                .map(name -> environment.getOrDefault(name, match.group()))
                .findFirst()
                .orElse(match.group())));
        try {
            boolean home = expanded.equals("~") || expanded.startsWith("~/") || expanded.startsWith("~\\");
            return home
                    ? Path.of(System.getProperty("user.home", ""))
                            .resolve(expanded.substring(Math.min(2, expanded.length())))
                    : Path.of(expanded);
        } catch (InvalidPathException e) {
            throw wrong(node, "'" + text + "' is no path: " + e.getReason());
        }
    }

    private boolean isTrue(Node node) {
        String text = text(node, DEFAULT).toLowerCase(Locale.ROOT);
        if (!TRUE.contains(text) && !FALSE.contains(text)) {
            throw wrong(node, DEFAULT + " is '" + text + "'; expected true or false");
        }
        return TRUE.contains(text);
    }

    private List<NodeTuple> entries(Node node, String what, String expected) {
        if (!(node instanceof MappingNode mapping)) {
            throw wrong(node, what + " is " + kind(node) + "; expected " + expected);
        }
        Set<String> seen = new HashSet<>();
        for (NodeTuple entry : mapping.getValue()) {
            String key = text(entry.getKeyNode(), "a name in " + what);
            if (!seen.add(key)) {
                throw wrong(entry.getKeyNode(), "'" + key + "' occurs twice in " + what);
            }
        }
        return mapping.getValue();
    }

    private String text(Node node, String what) {
        if (node instanceof ScalarNode scalar && PLAIN.contains(scalar.getTag())) {
            return scalar.getValue();
        }
        throw wrong(node, what + " is " + kind(node) + "; expected a text");
    }

    private static boolean isNull(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private static String kind(Node node) {
        return switch (node) {
            case MappingNode _ -> "a mapping";
            case SequenceNode _ -> "a list";
            case ScalarNode scalar ->
                PLAIN.contains(scalar.getTag())
                        ? "'" + scalar.getValue() + "'"
                        : "a value of type " + scalar.getTag().getValue();
            default -> "something else";
        };
    }

    private ConfigException wrong(Node node, String message) {
        return new ConfigException(place(node) + message);
    }

    private String place(Node node) {
        return file
                + node.getStartMark()
                        .map(mark -> ", line " + (mark.getLine() + 1))
                        .orElse("")
                + ": ";
    }
}
