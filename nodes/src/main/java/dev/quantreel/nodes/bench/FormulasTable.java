package dev.quantreel.nodes.bench;

import dev.quantreel.engines.evaluation.FormulaLine;
import dev.quantreel.engines.evaluation.LinearFormulas;
import dev.quantreel.engines.evaluation.SmoothedFormulas;
import dev.quantreel.engines.evaluation.WeightFormulas;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// `quantreel bench formulas`: every method on random weights and tokens, several draws of each beside the figures of a
/// reference.
public final class FormulasTable implements Benchmark {

    /// Weights alone are quick, and those with heavy tails scatter.
    private static final int DRAWS_OF_WEIGHTS = 4;

    @Override
    public String name() {
        return "formulas";
    }

    @Override
    public String summary() {
        return "every method's error on random weights and tokens beside a reference's  [--draws 8]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) {
        CommandWords words = CommandWords.parse("bench formulas", arguments, List.of("--draws"), List.of());
        int draws = words.number("--draws", 8);
        if (draws < 2) {
            throw new IllegalArgumentException("--draws is " + draws + "; 2 or more are accepted");
        }
        Map<FormulaLine.Verdict, Integer> verdicts = new EnumMap<>(FormulaLine.Verdict.class);
        int ofWeights = DRAWS_OF_WEIGHTS * draws;
        out.printf("%d draws of linears, %d of weights%n%n", draws, ofWeights);
        head("weight error, MSE/σ²", out);
        new WeightFormulas(ofWeights, CancellationToken.NONE).run(line -> print(line, "%.4f", verdicts, out));
        out.println();
        head("output of a W4 linear, SQNR in dB", out);
        new LinearFormulas(draws, FormulasTable::progress, CancellationToken.NONE)
                .run(line -> print(line, "%.1f", verdicts, out));
        new SmoothedFormulas(draws, CancellationToken.NONE).run(line -> print(line, "%.1f", verdicts, out));
        out.println();
        out.printf(
                "The reference is one draw. mean: within 3 %% or 0.3 dB of the mean of ours; draws: between the smallest"
                        + " and the largest of ours, or within two standard deviations. %s%n",
                verdicts);
        return 0;
    }

    private static void head(String title, PrintStream out) {
        out.println("| " + title + " | reference | ours, mean ± std | smallest to largest | reference lies in |");
        out.println("|:---|---:|---:|---:|:---|");
    }

    private static void print(
            FormulaLine line, String pattern, Map<FormulaLine.Verdict, Integer> verdicts, PrintStream out) {
        verdicts.merge(line.verdict(), 1, Integer::sum);
        System.err.print("\r\033[K");
        out.printf(
                Locale.ROOT,
                "| %s | " + pattern + " | " + pattern + " ±" + pattern + " | " + pattern + " to " + pattern
                        + " | %s |%n",
                line.name(),
                line.reference(),
                line.spread().mean(),
                line.spread().std(),
                line.smallest(),
                line.largest(),
                line.verdict());
        out.flush();
    }

    private static void progress(String what, int done, int total) {
        System.err.printf("\r\033[K%d/%d: %s", done + 1, total, what);
    }
}
