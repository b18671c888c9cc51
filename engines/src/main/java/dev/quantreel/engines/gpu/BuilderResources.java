package dev.quantreel.engines.gpu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Files of TensorRT's builder resources, which are looked at and not loaded.
final class BuilderResources {

    static final String PREFIX = "libnvinfer_builder_resource";

    /// Where packages put TensorRT, beside what `LD_LIBRARY_PATH` names.
    private static final List<String> SYSTEM_FOLDERS =
            List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/lib");

    private BuilderResources() {}

    /// Names of the files, sorted.
    ///
    /// @param only folder to look in alone
    static Set<String> names(Optional<Path> only) {
        Set<Path> folders = new LinkedHashSet<>();
        if (only.isPresent()) {
            folders.add(only.get());
        } else {
            folders.addAll(loadedFrom());
            String path = Objects.requireNonNullElse(System.getenv("LD_LIBRARY_PATH"), "");
            for (String folder : path.split(":", -1)) {
                if (!folder.isBlank()) {
                    folders.add(Path.of(folder));
                }
            }
            SYSTEM_FOLDERS.forEach(folder -> folders.add(Path.of(folder)));
        }
        Set<String> names = new TreeSet<>();
        folders.stream().filter(Files::isDirectory).forEach(folder -> addFrom(folder, names));
        return names;
    }

    /// Folders of what this process has loaded of TensorRT; only Linux tells.
    private static List<Path> loadedFrom() {
        List<Path> folders = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
                int file = line.indexOf('/');
                if (file >= 0 && line.contains("/libnvinfer.so")) {
                    folders.add(
                            Objects.requireNonNull(Path.of(line.substring(file)).getParent()));
                }
            }
        } catch (IOException e) {
            System.getLogger(BuilderResources.class.getName())
                    .log(System.Logger.Level.DEBUG, "No list of what is loaded", e);
        }
        return folders;
    }

    private static void addFrom(Path folder, Set<String> names) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*")) {
            files.forEach(file -> names.add(String.valueOf(file.getFileName())));
        } catch (IOException e) {
            System.getLogger(BuilderResources.class.getName())
                    .log(System.Logger.Level.DEBUG, "Cannot list " + folder, e);
        }
    }
}
