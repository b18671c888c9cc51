package dev.quantreel.engines.dit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of blocks: what their layers' names have in common up to the first number, `blocks.3`, `double_blocks.0`.
final class BlockNames {

    private static final Pattern BLOCK = Pattern.compile("^.*?\\.\\d+");

    private BlockNames() {}

    /// The block of a layer.
    ///
    /// @throws IllegalArgumentException when the name has no number
    static String of(String layer) {
        Matcher block = BLOCK.matcher(layer);
        if (!block.find()) {
            throw new IllegalArgumentException("no number of a block in the name of the layer " + layer);
        }
        return block.group();
    }

    /// The blocks of layers, in the order of their first layers.
    static List<String> all(List<String> layers) {
        LinkedHashSet<String> blocks = new LinkedHashSet<>();
        layers.forEach(layer -> blocks.add(of(layer)));
        return List.copyOf(blocks);
    }
}
