package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.internal.process.ChildJvm;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/// Runs items one after the other, each in a process of its own: what one breaks, exceeds or crashes over is its own
/// result, and rows that it gave before count. For one run.
public final class GpuCheck {

    /// Exit code when everything is as claimed.
    public static final int HOLDS = 0;
    /// Exit code when something is not.
    public static final int FAILED = 1;
    /// Exit code when nothing is wrong, but there was no device to measure on.
    public static final int NO_DEVICE = 3;

    /// What a child prints of the device that it found.
    static final String DEVICE = "@device ";
    /// What a child prints when there is none.
    static final String ABSENT = "@absent ";
    /// What a child prints when all is done that needs none.
    static final String PREPARED = "@prepared";
    /// What a child prints before it ends over an exception.
    static final String BROKE = "@broke ";

    private static final String HEAP = "-Xmx6g";
    private static final Duration LEAST = Duration.ofSeconds(5);

    private final CheckOptions options;
    private final PrintStream out;
    private final List<CheckRow> rows = new ArrayList<>();
    private Optional<String> device = Optional.empty();
    private Optional<String> absence = Optional.empty();
    private int broken;

    /// @param out for people
    public GpuCheck(CheckOptions options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    /// Everything registered, in the order of running.
    public static List<GpuCheckItem> items() {
        return ServiceLoader.load(GpuCheckItem.class).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(GpuCheckItem::order).thenComparing(GpuCheckItem::id))
                .toList();
    }

    /// @throws IllegalArgumentException when there is none of this id; lists those there are
    static GpuCheckItem item(String id) {
        return items().stream()
                .filter(item -> item.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no item '" + id + "'; there are "
                        + items().stream().map(GpuCheckItem::id).toList()));
    }

    /// Runs them, prints the table last, and writes it into the folder of results.
    ///
    /// @return exit code, [#HOLDS], [#FAILED] or [#NO_DEVICE]
    /// @throws IOException when results cannot be written
    /// @throws IllegalArgumentException when an item is asked for that there is not
    public int run() throws IOException {
        List<GpuCheckItem> chosen = options.only().isEmpty()
                ? items()
                : options.only().stream().map(GpuCheck::item).toList();
        Files.createDirectories(options.out());
        Files.deleteIfExists(options.out().resolve("log.txt"));
        Instant end = Instant.now().plus(options.limit());
        if (options.dry()) {
            absence = Optional.of("dry run");
        }
        for (GpuCheckItem item : chosen) {
            run(item, Duration.between(Instant.now(), end));
        }
        CheckReport report = new CheckReport(chosen, rows, device, absence, options.small());
        report.write(options.out());
        out.println();
        out.print(report.table());
        out.println();
        out.println(summary(report));
        if (broken > 0 || rows.stream().anyMatch(row -> row.outcome() == Outcome.FAILED)) {
            return FAILED;
        }
        return device.isPresent() || options.dry() ? HOLDS : NO_DEVICE;
    }

    private String summary(CheckReport report) {
        String counts = report.counts() + "; results are in " + options.out();
        return absence.map(reason -> "Nothing was measured (" + reason + "): what can be done without a device "
                        + (broken == 0 ? "works. " : "does not all work, see above. ") + counts)
                .orElse(counts);
    }

    private void run(GpuCheckItem item, Duration left) throws IOException {
        Duration limit = left.compareTo(item.limit()) < 0 ? left : item.limit();
        if (limit.compareTo(LEAST) < 0) {
            leaveOut(item, Set.of(), Outcome.SKIPPED, "no time was left");
            return;
        }
        out.println("== " + item.id() + " (at most " + limit.toSeconds() + " s)");
        List<String> words = new ArrayList<>(List.of("--item", item.id()));
        words.addAll(options.with(options.driver(), options.limit(), absence.isPresent(), options.small())
                .words());
        Set<String> told = new LinkedHashSet<>();
        ChildJvm.Ended ended =
                new ChildJvm(GpuCheckMain.class, words, List.of(HEAP), Map.of(), limit).run(line -> hear(line, told));
        Files.write(
                options.out().resolve("log.txt"), ended.lines(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        boolean prepared = ended.lines().contains(PREPARED);
        if (ended.exitCode() != 0 && !(prepared && absence.isPresent())) {
            broken++;
            String reason = ended.lines().stream()
                    .filter(line -> line.startsWith(BROKE))
                    .map(line -> line.substring(BROKE.length()))
                    .findFirst()
                    .orElseGet(() -> "its process " + forPeople(ended).describe());
            leaveOut(item, told, Outcome.FAILED, (prepared ? "" : "before the device: ") + reason);
            return;
        }
        leaveOut(item, told, Outcome.SKIPPED, absence.orElse("the item gave no result"));
    }

    private static ChildJvm.Ended forPeople(ChildJvm.Ended ended) {
        return new ChildJvm.Ended(
                ended.exitCode(),
                ended.timedOut(),
                ended.lines().stream().filter(line -> !line.startsWith("@")).toList());
    }

    private void hear(String line, Set<String> told) {
        Optional<CheckRow> row = CheckRow.parse(line);
        if (row.isPresent()) {
            rows.add(row.get());
            told.add(row.get().claim());
            out.println("   " + CheckReport.plain(row.get()));
        } else if (line.startsWith(DEVICE)) {
            device = Optional.of(line.substring(DEVICE.length()));
        } else if (line.startsWith(ABSENT)) {
            absence = Optional.of(line.substring(ABSENT.length()));
        } else if (!line.startsWith("@") && !line.startsWith("\tat ") && !line.startsWith("WARNING: Using incubator")) {
            out.println("   " + line);
        }
    }

    /// A row for every claim that has none yet.
    private void leaveOut(GpuCheckItem item, Set<String> told, Outcome outcome, String reason) {
        boolean first = true;
        for (Claim claim : item.claims()) {
            if (!told.contains(claim.id())) {
                // One item breaks once; what it did not get to is not measured.
                Outcome own = first ? outcome : Outcome.SKIPPED;
                rows.add(new CheckRow(item.id(), claim.id(), "", "", "", own, reason));
                first = false;
            }
        }
        if (first && outcome == Outcome.FAILED) {
            rows.add(new CheckRow(item.id(), item.claims().getLast().id(), "end of the item", "", "", outcome, reason));
        }
    }
}
