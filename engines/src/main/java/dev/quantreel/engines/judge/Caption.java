package dev.quantreel.engines.judge;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The attributes that a caption names, such as "a small red circle moving left on a navy background".
///
/// @param attributes the named ones; a caption may leave some open
public record Caption(Map<Attribute, String> attributes) {

    public Caption {
        attributes = Map.copyOf(attributes);
    }

    /// Picks the attribute words out of a text; the first word of an attribute counts, all others are passed over.
    public static Caption parse(String text) {
        Map<Attribute, String> attributes = new EnumMap<>(Attribute.class);
        for (String word : List.of(text.toLowerCase(Locale.ROOT).split("[^a-z]+", -1))) {
            for (Attribute attribute : Attribute.values()) {
                if (attribute.words().contains(word)) {
                    attributes.putIfAbsent(attribute, word);
                }
            }
        }
        return new Caption(attributes);
    }

    /// Whether every attribute is named.
    public boolean isComplete() {
        return attributes.size() == Attribute.values().length;
    }
}
