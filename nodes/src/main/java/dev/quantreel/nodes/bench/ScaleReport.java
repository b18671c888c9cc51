package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.ScaleBenchmark.Precision;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What one measuring process of [ScaleTable] found.
///
/// @param figures single ones by name
/// @param passes the first is the generation at 256 x 256 x 9
record ScaleReport(Precision precision, Map<String, String> figures, List<Pass> passes) {

    /// Begins a line of figures.
    static final String MARK = "@ ";

    ScaleReport {
        figures = Map.copyOf(figures);
        passes = List.copyOf(passes);
    }

    /// @param peakBytes of the process so far
    record Pass(int tokens, long peakBytes, List<Double> seconds, List<Double> cpuSeconds) {
        Pass {
            seconds = List.copyOf(seconds);
            cpuSeconds = List.copyOf(cpuSeconds);
        }

        static Pass parse(String text) {
            String[] words = text.split(" ", -1);
            return new Pass(Integer.parseInt(words[0]), Long.parseLong(words[1]), numbers(words[2]), numbers(words[3]));
        }

        private static List<Double> numbers(String text) {
            return Arrays.stream(text.split(",", -1)).map(Double::valueOf).toList();
        }

        double fastest() {
            return seconds.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
        }

        double leastCpu() {
            return cpuSeconds.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
        }

        /// Slowest over fastest, less one.
        double spread() {
            return cpuSeconds.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN) / leastCpu() - 1;
        }
    }

    static ScaleReport parse(Precision precision, List<String> lines) {
        Map<String, String> figures = new HashMap<>();
        List<Pass> passes = new ArrayList<>();
        for (String line : lines) {
            if (line.startsWith(MARK)) {
                String[] parts = line.substring(MARK.length()).split(" ", 2);
                if (parts[0].equals("pass")) {
                    passes.add(Pass.parse(parts[1]));
                } else {
                    figures.put(parts[0], parts[1]);
                }
            }
        }
        return new ScaleReport(precision, figures, passes);
    }

    private String figure(String name) {
        return figures.getOrDefault(name, "");
    }

    /// Two Markdown tables: the generation, and single passes by number of tokens.
    static void print(List<ScaleReport> reports, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "Wan 2.1 1.3B, random weights of real size; %s; Java %s, %d processors%n%n",
                reports.getFirst().figure("engine"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors());
        out.println(
                "256 x 256 x 9 (768 tokens), steps of classifier-free guidance: two passes, both prompts in memory.\n");
        out.println("| precision | load s | first step s | s/step | speed | CPU-s/step | spread | peak MB | plan MB |");
        out.println("|---|---|---|---|---|---|---|---|---|");
        double reference = reports.getFirst().passes.getFirst().leastCpu();
        for (ScaleReport report : reports) {
            Pass pass = report.passes.getFirst();
            out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s | %.2f | %.2fx | %.2f | %.0f %% | %.0f | %s |%n",
                    report.precision,
                    report.figure("load"),
                    report.figure("first"),
                    pass.fastest(),
                    reference / pass.leastCpu(),
                    pass.leastCpu(),
                    100 * pass.spread(),
                    pass.peakBytes() / 1e6,
                    report.figure("plan"));
        }
        printPasses(reports, out);
        out.println(
                "\nspeed: CPU-seconds of the first row over those of this one; spread: largest over least CPU-seconds,"
                        + " less one; peak: VmHWM of the precision's own process up to then.");
    }

    private static void printPasses(List<ScaleReport> reports, PrintStream out) {
        out.println("\nCPU-seconds of one pass, least of the repetitions.\n");
        List<Pass> first =
                reports.getFirst().passes.subList(1, reports.getFirst().passes.size());
        out.println("| precision |"
                + String.join(
                        "",
                        first.stream().map(p -> " " + p.tokens + " tokens |").toList()));
        out.println("|---|" + "---|".repeat(first.size()));
        for (ScaleReport report : reports) {
            out.print("| " + report.precision + " |");
            for (Pass pass : report.passes.subList(1, report.passes.size())) {
                out.printf(Locale.ROOT, " %.2f |", pass.leastCpu());
            }
            out.println();
        }
    }
}
