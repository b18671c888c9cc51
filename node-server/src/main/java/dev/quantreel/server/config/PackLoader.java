package dev.quantreel.server.config;

import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.server.graph.NodeCatalog;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;

/// Collects node packs: those on the class path first, then the jars of the plugins folder, each with a class loader
/// of its own. A pack that cannot be loaded is left out with a reason.
final class PackLoader {

    private final NodeCatalog.Builder catalog = new NodeCatalog.Builder();
    private final Set<String> loaded = new HashSet<>();
    private final List<String> problems = new ArrayList<>();

    /// The kinds of nodes found, and what was left out.
    record Packs(NodeCatalog catalog, List<String> names, List<String> problems) {}

    static Packs load(Path plugins) {
        PackLoader loader = new PackLoader();
        List<String> names = new ArrayList<>(loader.add(PackLoader.class.getClassLoader(), "class path", false));
        for (Path jar : loader.jars(plugins)) {
            names.addAll(loader.addJar(jar));
        }
        List<String> problems = new ArrayList<>(loader.problems);
        problems.addAll(loader.catalog.problems());
        return new Packs(loader.catalog.build(), List.copyOf(names), List.copyOf(problems));
    }

    private List<Path> jars(Path plugins) {
        if (!Files.isDirectory(plugins)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(plugins)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            problems.add("plugins folder " + plugins + " cannot be read: " + e.getMessage());
            return List.of();
        }
    }

    /// The class loader stays open as long as the program: its nodes load classes when they run.
    private List<String> addJar(Path jar) {
        try {
            URLClassLoader loader =
                    new URLClassLoader(new URL[] {jar.toUri().toURL()}, PackLoader.class.getClassLoader());
            List<String> names = add(loader, String.valueOf(jar.getFileName()), true);
            if (names.isEmpty() && problems.stream().noneMatch(text -> text.startsWith(jar.getFileName() + ":"))) {
                problems.add(jar.getFileName() + ": holds no node pack (META-INF/services/" + NodePack.class.getName()
                        + ")");
            }
            return names;
        } catch (MalformedURLException e) {
            problems.add(jar.getFileName() + ": " + e.getMessage());
            return List.of();
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // a plugin may fail in any way, linkage included; the server goes on
    private List<String> add(ClassLoader classes, String source, boolean plugin) {
        List<String> names = new ArrayList<>();
        Iterator<NodePack> packs = ServiceLoader.load(NodePack.class, classes).iterator();
        boolean more = true;
        while (more) {
            try {
                more = packs.hasNext();
                if (more) {
                    NodePack pack = packs.next();
                    addPack(pack, plugin, names);
                }
            } catch (ServiceConfigurationError | RuntimeException | LinkageError e) {
                problems.add(source + ": " + reason(e));
            }
        }
        return names;
    }

    private void addPack(NodePack pack, boolean plugin, List<String> names) {
        if (loaded.add(pack.getClass().getName())) {
            List<NodeDefinition> nodes = pack.nodes();
            catalog.add(pack.name(), plugin, nodes);
            names.add(pack.name());
        }
    }

    private static String reason(Throwable e) {
        Throwable cause = e.getCause();
        return e.getMessage() + (cause == null ? "" : " (" + cause + ")");
    }
}
