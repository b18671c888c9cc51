package dev.quantreel.engines.export.lint;

import java.util.List;
import java.util.stream.Stream;

/// All findings on one model.
///
/// @param model its name
/// @param target that it was checked for
/// @param nodes how many were looked at, those of subgraphs included
/// @param leastChip compute capability that the types in it begin with, as in sm_89
/// @param findings in the order of the graph
public record LintReport(String model, TensorRtTarget target, int nodes, int leastChip, List<LintFinding> findings) {

    private static final int SHOWN = 20;

    public LintReport {
        findings = List.copyOf(findings);
    }

    /// Whether nothing is refused.
    public boolean isGreen() {
        return refused() == 0;
    }

    /// How many findings stop an engine from being built.
    public long refused() {
        return findings.stream()
                .filter(finding -> finding.severity() == LintFinding.Severity.REFUSED)
                .count();
    }

    /// For people, a line each: the verdict, then the findings, the first twenty of them.
    public List<String> lines() {
        long refused = refused();
        String verdict = model + ": " + target + " lint, " + nodes + " nodes, from sm_" + leastChip + " on: "
                + (isGreen() ? "green" : refused + " refused")
                + (findings.size() > refused ? ", " + (findings.size() - refused) + " unproven" : "");
        Stream<String> shown = findings.stream().limit(SHOWN).map(finding -> "  " + finding);
        Stream<String> more =
                findings.size() > SHOWN ? Stream.of("  and " + (findings.size() - SHOWN) + " more") : Stream.empty();
        return Stream.of(Stream.of(verdict), shown, more)
                .flatMap(lines -> lines)
                .toList();
    }
}
