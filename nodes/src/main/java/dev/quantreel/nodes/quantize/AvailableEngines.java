package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.values.EngineChoice;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Lists `auto` and every registered engine, best first.
final class AvailableEngines implements ComboOptions {

    @Override
    public List<String> options(NodeFolders folders) {
        Objects.requireNonNull(folders, "the list depends on the machine");
        return Stream.concat(
                        Stream.of(EngineChoice.AUTO),
                        EngineChoice.providers().stream().map(EngineProvider::id))
                .toList();
    }
}
