package dev.quantreel.server.config;

import dev.quantreel.engines.artifact.ArtifactLayer;
import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.artifact.ArtifactSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// What a quantized file says about itself, in lines.
final class ArtifactTable {

    private static final String ROW = "%-44s %12s %5s %9s %9s %9s %9s %8s";

    private ArtifactTable() {}

    /// Recipe, source, size and error of the whole.
    static List<String> summary(ArtifactReport report) {
        ArtifactSource source = report.header().source();
        ArtifactReport.Layer worst = report.worst();
        String bits = layers(report, layer -> !layer.modulation());
        String modulations = layers(report, ArtifactLayer::modulation);
        return List.of(
                "recipe     " + report.header().recipe().describe() + ", by "
                        + report.header().tool(),
                "source     " + source.name() + ", " + source.format() + ", " + ByteProgress.megabytes(source.bytes())
                        + ", digest " + source.digest(),
                format(
                        "size       %s, %.2f times smaller than in bf16, %.2f bits a weight of %,d",
                        ByteProgress.megabytes(report.tensorBytes()),
                        report.ratio(),
                        report.bitsPerWeight(),
                        report.parameters()),
                "layers     " + bits
                        + (modulations.isEmpty() ? "" : "; modulations by their weights alone: " + modulations),
                format(
                        "error      %.4f of the weights' deviation, worst %.4f in %s",
                        report.relativeError(),
                        worst.relativeError(),
                        worst.layer().name()));
    }

    /// `300 at 4 bits, 2 at 8 bits`.
    private static String layers(ArtifactReport report, Predicate<ArtifactLayer> which) {
        Map<Integer, Long> byBits = report.layers().stream()
                .map(ArtifactReport.Layer::layer)
                .filter(which)
                .collect(Collectors.groupingBy(ArtifactLayer::bits, TreeMap::new, Collectors.counting()));
        return byBits.entrySet().stream()
                .map(entry -> entry.getValue() + " at " + entry.getKey() + " bits")
                .collect(Collectors.joining(", "));
    }

    /// A line per layer.
    static List<String> layers(ArtifactReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(format(ROW, "layer", "weights", "bits", "error", "/ MinMax", "clipped", "kurtosis", "crest"));
        for (ArtifactReport.Layer layer : report.layers()) {
            lines.add(format(
                    ROW,
                    layer.layer().name(),
                    format("%,d", layer.weights()),
                    layer.layer().bits(),
                    format("%.4f", layer.relativeError()),
                    format("%+.1f %%", Math.round(-1000 * layer.error().stdReduction()) / 10.0),
                    format("%.4f%%", 100 * layer.error().clippedFraction()),
                    format("%.2f", layer.error().kurtosis()),
                    format("%.1f", layer.error().crestFactor())));
        }
        lines.add(
                "error: root of the mean squared error over the deviation of the weights; / MinMax: how much more or less the"
                        + " error deviates than that of row-wise MinMax; clipped: weights beyond the ends of their grid; kurtosis: 3 for"
                        + " a Gaussian; crest: largest weight over the root mean square");
        return lines;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
