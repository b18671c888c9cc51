package dev.quantreel.engines.judge;

import java.util.EnumMap;
import java.util.Map;

/// What the judge saw.
///
/// @param seen value of each attribute it could tell; the background always
/// @param overlap of the object with the best shape template, 0 to 1; 0 without an object
public record Verdict(Map<Attribute, String> seen, double overlap) {

    public Verdict {
        seen = Map.copyOf(seen);
    }

    /// For each attribute that the caption names, whether it was seen so.
    public Map<Attribute, Boolean> score(Caption caption) {
        Map<Attribute, Boolean> score = new EnumMap<>(Attribute.class);
        caption.attributes().forEach((attribute, word) -> score.put(attribute, word.equals(seen.get(attribute))));
        return score;
    }

    /// Whether every attribute that the caption names was seen so.
    public boolean follows(Caption caption) {
        return !score(caption).containsValue(false);
    }
}
