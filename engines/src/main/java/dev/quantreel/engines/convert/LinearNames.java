package dev.quantreel.engines.convert;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// The block linears of a transformer under the names of its file, fused matrices whole.
final class LinearNames {

    private static final String WEIGHT = ".weight";

    private LinearNames() {}

    /// Tensor names without `.weight`, each once; only matrices all of whose parts are block linears.
    static List<String> of(TransformerCheckpoint checkpoint) {
        SequencedMap<String, Boolean> whole = new LinkedHashMap<>();
        Set<String> linears = new LinkedHashSet<>(checkpoint.blockLinears());
        for (String canonical : checkpoint.names()) {
            String name = checkpoint.slice(canonical).name();
            boolean linear = canonical.endsWith(WEIGHT)
                    && linears.contains(canonical.substring(0, canonical.length() - WEIGHT.length()));
            whole.merge(name, linear, Boolean::logicalAnd);
        }
        return whole.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .filter(name -> name.endsWith(WEIGHT))
                .map(name -> name.substring(0, name.length() - WEIGHT.length()))
                .toList();
    }
}
