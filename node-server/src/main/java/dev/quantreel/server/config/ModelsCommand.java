package dev.quantreel.server.config;

import dev.quantreel.engines.recognition.ModelCard;
import dev.quantreel.engines.recognition.ModelCatalog;
import dev.quantreel.engines.recognition.ModelEntry;
import dev.quantreel.engines.recognition.Pairing;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.server.http.ModelCatalogJson;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel models`.
@Command(
        name = "models",
        description = "Lists the checkpoints of a folder: what each is, how it is stored, and what it pairs with."
                + " Reads headers only.",
        exitCodeListHeading = "Exit status:%n",
        exitCodeList = {
            "0:Everything was listed; pickles and unknown models are no error.",
            "1:At least one file is damaged: cut off, incomplete, of mixed layouts, or no checkpoint.",
            "2:The folder does not exist or cannot be listed."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ModelsCommand implements Callable<Integer> {

    private static final List<String> HEADINGS =
            List.of("file", "kind", "model", "parameters", "precision", "format", "layout", "size", "pairs with");

    private static final int MOST_PARTNERS = 4;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Parameters(
            arity = "0..1",
            paramLabel = "FOLDER",
            description = "Folder to look through, for example ComfyUI's models. Default: all model folders.")
    private @Nullable Path folder;

    @Option(names = "--json", description = "Print JSON instead of a table.")
    private boolean json;

    @Override
    public Integer call() {
        ModelCatalog catalog;
        try {
            catalog = ModelCatalog.scan(roots());
        } catch (CheckpointException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(ModelCatalogJson.write(catalog));
        } else {
            print(catalog, out);
        }
        out.flush();
        return catalog.damaged() == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private List<ModelCatalog.Root> roots() {
        if (folder != null) {
            if (!Files.isDirectory(folder)) {
                throw new ConfigException("models: there is no folder " + folder);
            }
            return List.of(new ModelCatalog.Root("", folder));
        }
        DataFolders data = new DataFolders(folders.config(Optional.empty()));
        List<ModelCatalog.Root> roots = new ArrayList<>();
        for (String kind : data.folders()) {
            data.roots(kind).forEach(root -> roots.add(new ModelCatalog.Root(kind, root)));
        }
        return roots;
    }

    private static void print(ModelCatalog catalog, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        for (ModelEntry entry : catalog.entries()) {
            Pairing pairing = Pairing.of(entry, catalog);
            if (entry.cards().isEmpty()) {
                rows.add(row(entry, "?", "", 0, ""));
            }
            for (ModelCard card : entry.cards()) {
                String partners = few(pairing.partners());
                List<String> row =
                        new ArrayList<>(row(entry, card.kind().word(), card.title(), card.parameters(), partners));
                row.set(HEADINGS.indexOf("layout"), card.layout());
                rows.add(row);
            }
            entry.problem().ifPresent(problem -> remarks.add(entry.name() + ": " + problem));
            pairing.lacks().forEach(lack -> remarks.add(entry.name() + ": " + lack));
        }
        PlainTable.print(HEADINGS, rows, out);
        int damaged = catalog.damaged();
        out.println(catalog.entries().size() + " checkpoints" + (damaged == 0 ? "" : ", " + damaged + " damaged"));
        if (!remarks.isEmpty()) {
            out.println();
            remarks.forEach(out::println);
        }
    }

    /// JSON has all of them.
    private static String few(List<String> names) {
        String some = String.join(", ", names.subList(0, Math.min(MOST_PARTNERS, names.size())));
        return names.size() <= MOST_PARTNERS ? some : some + " and " + (names.size() - MOST_PARTNERS) + " more";
    }

    private static List<String> row(ModelEntry entry, String kind, String model, long parameters, String partners) {
        return List.of(
                entry.name(),
                kind,
                model,
                parameters == 0 ? "" : amount(parameters, 1000, List.of("", "K", "M", "B")),
                entry.format().map(format -> format.precision()).orElse(""),
                entry.format().map(format -> format.container()).orElse(""),
                "",
                amount(entry.sizeBytes(), 1000, List.of("B", "KB", "MB", "GB")),
                partners);
    }

    /// Three digits and a unit.
    static String amount(long value, int base, List<String> units) {
        double rest = value;
        int unit = 0;
        while (rest >= base && unit < units.size() - 1) {
            rest /= base;
            unit++;
        }
        String digits =
                unit == 0 ? Long.toString(value) : String.format(Locale.ROOT, rest < 100 ? "%.2f" : "%.0f", rest);
        return List.of(digits, units.get(unit)).stream()
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(" "));
    }
}
