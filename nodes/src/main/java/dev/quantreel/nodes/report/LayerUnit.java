package dev.quantreel.nodes.report;

import dev.quantreel.engines.quant.LayerRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/// What is quantized alone, measured, and given bits as one.
public enum LayerUnit {
    /// Each by itself.
    LAYER("layer"),
    /// The layers of a transformer block.
    BLOCK("block"),
    /// The layers of one kind in all blocks.
    ROLE("role"),
    /// The layers of one kind in one block.
    ROLE_IN_BLOCK("role in a block");

    private final String label;

    LayerUnit(String label) {
        this.label = label;
    }

    /// The units of a model, by name.
    ///
    /// @param layers in the order of the model
    SequencedMap<String, List<String>> of(List<String> layers) {
        SequencedMap<String, List<String>> units = new LinkedHashMap<>();
        for (String layer : layers) {
            units.computeIfAbsent(name(layer), missing -> new ArrayList<>()).add(layer);
        }
        return units;
    }

    private String name(String layer) {
        String block = LayerRule.block(layer);
        return switch (this) {
            case LAYER -> layer;
            case BLOCK -> block.isEmpty() ? layer : block;
            case ROLE -> role(layer);
            case ROLE_IN_BLOCK -> block.isEmpty() ? layer : block + " " + role(layer);
        };
    }

    private static String role(String layer) {
        return LayerRule.Role.of(layer)
                .map(role -> role.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .orElse("other");
    }

    @Override
    public String toString() {
        return label;
    }
}
