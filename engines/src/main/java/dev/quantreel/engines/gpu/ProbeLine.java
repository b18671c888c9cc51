package dev.quantreel.engines.gpu;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What the child process tells its parent, a line each; libraries may print what they like between them.
sealed interface ProbeLine {

    String PREFIX = "quantreel-gpu\t";

    /// A component is about to be loaded.
    record Begin(Component component) implements ProbeLine {}

    /// A library was loaded and asked.
    ///
    /// @param library name as it was asked for
    /// @param version as people write it
    /// @param path where it lies; empty where that is not known
    /// @param builtFor version of CUDA that it was built for; empty where it does not tell
    record Loaded(Component component, String library, String version, String path, String builtFor)
            implements ProbeLine {}

    /// A library could not be loaded.
    record Absent(Component component, String library, String reason) implements ProbeLine {}

    /// A library was loaded and answered with an error.
    record Failed(Component component, String library, String reason) implements ProbeLine {}

    /// A GPU.
    record Device(int index, String name, int major, int minor, long totalBytes, String uuid) implements ProbeLine {}

    /// Free memory of a GPU, or why it is not known.
    record Memory(int index, long freeBytes, String problem) implements ProbeLine {}

    /// A file of TensorRT's builder resources.
    ///
    /// @param name file name
    record Resource(String name) implements ProbeLine {}

    /// Text of one line.
    default String text() {
        return switch (this) {
            case Begin(Component component) -> join("begin", component);
            case Loaded(Component component, String library, String version, String path, String builtFor) ->
                join("loaded", component, library, version, path, builtFor);
            case Absent(Component component, String library, String reason) ->
                join("absent", component, library, reason);
            case Failed(Component component, String library, String reason) ->
                join("failed", component, library, reason);
            case Device(int index, String name, int major, int minor, long totalBytes, String uuid) ->
                join("device", index, name, major, minor, totalBytes, uuid);
            case Memory(int index, long freeBytes, String problem) -> join("memory", index, freeBytes, problem);
            case Resource(String name) -> join("resource", name);
        };
    }

    private static String join(Object... fields) {
        return PREFIX
                + String.join(
                        "\t",
                        Stream.of(fields)
                                .map(field -> String.valueOf(field)
                                        .replaceAll("\\s+", " ")
                                        .strip())
                                .toList());
    }

    /// Reads a line; empty when a library printed it.
    static Optional<ProbeLine> parse(String line) {
        int start = line.indexOf(PREFIX);
        if (start < 0) {
            return Optional.empty();
        }
        List<String> f = List.of(line.substring(start + PREFIX.length()).split("\t", -1));
        return switch (f.getFirst()) {
            case "begin" -> Optional.of(new Begin(Component.valueOf(f.get(1))));
            case "loaded" ->
                Optional.of(new Loaded(Component.valueOf(f.get(1)), f.get(2), f.get(3), f.get(4), f.get(5)));
            case "absent" -> Optional.of(new Absent(Component.valueOf(f.get(1)), f.get(2), f.get(3)));
            case "failed" -> Optional.of(new Failed(Component.valueOf(f.get(1)), f.get(2), f.get(3)));
            case "device" -> Optional.of(device(f));
            case "memory" -> Optional.of(new Memory(Integer.parseInt(f.get(1)), Long.parseLong(f.get(2)), f.get(3)));
            case "resource" -> Optional.of(new Resource(f.get(1)));
            default -> Optional.empty();
        };
    }

    private static Device device(List<String> f) {
        return new Device(
                Integer.parseInt(f.get(1)),
                f.get(2),
                Integer.parseInt(f.get(3)),
                Integer.parseInt(f.get(4)),
                Long.parseLong(f.get(5)),
                f.get(6));
    }
}
