package dev.quantreel.server.config;

import dev.quantreel.nodes.spi.NodeSpec;
import dev.quantreel.nodes.spi.PortType;
import dev.quantreel.server.graph.NodeCatalog;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel nodes`.
@Command(
        name = "nodes",
        description = "Lists the kinds of nodes, or describes one.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class NodesCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Parameters(arity = "0..1", paramLabel = "NODE", description = "Id or title of a kind of node.")
    private @Nullable String node;

    @Override
    public Integer call() {
        Application application = Application.create(folders.config(Optional.empty()));
        PrintWriter out = spec.commandLine().getOut();
        if (node == null) {
            list(application, out);
        } else {
            describe(find(application.catalog(), node), application, out);
        }
        out.flush();
        return 0;
    }

    private static NodeCatalog.Entry find(NodeCatalog catalog, String name) {
        return catalog.find(name)
                .or(() -> catalog.entries().stream()
                        .filter(entry -> entry.spec().title().equalsIgnoreCase(name)
                                || entry.spec().id().equalsIgnoreCase(name))
                        .findFirst())
                .orElseThrow(() -> new ConfigException("there is no kind of node '" + name + "'; there are "
                        + String.join(
                                ", ",
                                catalog.entries().stream()
                                        .map(entry -> entry.spec().id())
                                        .sorted()
                                        .toList())));
    }

    private static void list(Application application, PrintWriter out) {
        TreeMap<String, List<NodeCatalog.Entry>> categories = new TreeMap<>();
        for (NodeCatalog.Entry entry : application.catalog().entries()) {
            categories.merge(entry.spec().category(), List.of(entry), (a, b) -> Stream.concat(a.stream(), b.stream())
                    .toList());
        }
        categories.forEach((category, entries) -> {
            out.println(category);
            entries.forEach(entry -> out.printf(
                    "  %-24s %-30s %s%n",
                    entry.spec().id(),
                    entry.spec().title(),
                    firstSentence(entry.spec().description())));
        });
        out.println(application.catalog().entries().size() + " kinds of nodes; `quantreel nodes NODE` describes one");
        application.packProblems().forEach(problem -> out.println("Left out: " + problem));
    }

    private static String firstSentence(String text) {
        int end = text.indexOf(". ");
        return end < 0 ? text : text.substring(0, end + 1);
    }

    private static void describe(NodeCatalog.Entry entry, Application application, PrintWriter out) {
        NodeSpec spec = entry.spec();
        out.println(spec.title() + " (" + spec.id() + ", version " + spec.version() + ", pack " + entry.pack() + ", in "
                + spec.category() + ")");
        out.println(spec.description());
        if (!spec.aliases().isEmpty()) {
            out.println("Also known as: " + String.join(", ", spec.aliases()));
        }
        out.println("Inputs:" + (spec.inputs().isEmpty() ? " none" : ""));
        for (NodeSpec.Input input : spec.inputs()) {
            String initial =
                    input.initial().map(value -> ", default " + shown(value)).orElse("");
            out.println("  " + input.name() + ": " + accepts(input.type(), application) + initial
                    + (input.required() ? "" : ", optional") + (input.advanced() ? ", advanced" : ""));
            out.println("      " + input.help());
        }
        out.println("Outputs:" + (spec.outputs().isEmpty() ? " none" : ""));
        for (NodeSpec.Output output : spec.outputs()) {
            out.println("  " + output.name() + ": " + output.type().wireName());
            out.println("      " + output.help());
        }
    }

    private static String shown(Object value) {
        return value instanceof String text ? "'" + text + "'" : value.toString();
    }

    static String accepts(PortType type, Application application) {
        return switch (type) {
            case PortType.IntType number ->
                "INT " + number.min() + " to " + number.max() + (number.seed() ? ", seed" : "");
            case PortType.FloatType number -> "FLOAT " + number.min() + " to " + number.max();
            case PortType.StringType text -> text.multiline() ? "STRING of several lines" : "STRING";
            case PortType.BooleanType ignored -> "BOOLEAN";
            case PortType.ComboType combo -> "one of " + combo.options().apply(application.folders());
            case PortType.SocketType socket -> socket.name() + " (link)";
        };
    }
}
