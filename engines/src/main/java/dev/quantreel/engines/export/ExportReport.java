package dev.quantreel.engines.export;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What an export holds: how every weight got into the form, and what people should know.
///
/// @param settings that were asked for
/// @param notes what the form does otherwise than the plan, a sentence each
/// @param layers in the order in which the graphs hold them
public record ExportReport(ExportSettings settings, List<String> notes, List<RecodedLayer> layers) {

    public ExportReport {
        notes = List.copyOf(notes);
        layers = List.copyOf(layers);
    }

    /// Layers whose weights are not the plan's.
    public List<RecodedLayer> recoded() {
        return layers.stream().filter(layer -> !layer.exact()).toList();
    }

    /// The largest [RecodedLayer#extraError]; 0 where every weight is the plan's.
    public double worstExtraError() {
        return layers.stream().mapToDouble(RecodedLayer::extraError).max().orElse(0);
    }

    /// For people, a line each.
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        Map<String, Long> counts = new LinkedHashMap<>();
        layers.forEach(layer -> counts.merge(layer.bits() + "-bit as " + layer.carried(), 1L, Long::sum));
        counts.forEach((what, count) -> lines.add("weights    " + count + " layers, " + what));
        List<RecodedLayer> changed = recoded();
        if (!layers.isEmpty()) {
            lines.add(
                    changed.isEmpty()
                            ? "recoding   none: the form holds the plan's weights exactly"
                            : String.format(
                                    Locale.ROOT,
                                    "recoding   %d of %d layers rounded anew from %s, extra error %.4f on average, %.4f at"
                                            + " worst (%s)",
                                    changed.size(),
                                    layers.size(),
                                    source(changed),
                                    changed.stream()
                                            .mapToDouble(RecodedLayer::extraError)
                                            .average()
                                            .orElse(0),
                                    worstExtraError(),
                                    changed.stream()
                                            .max(Comparator.comparingDouble(RecodedLayer::extraError))
                                            .map(RecodedLayer::layer)
                                            .orElse("")));
        }
        notes.forEach(note -> lines.add("note       " + note));
        return lines;
    }

    private static String source(List<RecodedLayer> changed) {
        return changed.stream().allMatch(layer -> layer.source() == RecodedLayer.Source.FULL_PRECISION)
                ? "full precision"
                : "the plan's weights";
    }
}
