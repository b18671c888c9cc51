package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFormat;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// One checkpoint found in a folder.
///
/// @param name path below the folder, with `/`
/// @param path where it lies
/// @param sizeBytes of all its files
/// @param format container and precision; empty when it cannot be opened
/// @param cards what it is: several for an all-in-one file, none when it is broken or unknown
/// @param problem why it cannot be used, or is unknown
/// @param damaged whether the problem is one of the file: cut off, parts or scales missing, layouts mixed, no
/// checkpoint in spite of its name. A pickle, another tool's packing and an unknown model are no damage
public record ModelEntry(
        String name,
        Path path,
        long sizeBytes,
        Optional<CheckpointFormat> format,
        List<ModelCard> cards,
        Optional<String> problem,
        boolean damaged) {

    public ModelEntry {
        cards = List.copyOf(cards);
    }

    /// What it is as one kind.
    public Stream<ModelCard> cards(ModelCard.Kind kind) {
        return cards.stream().filter(card -> card.kind() == kind);
    }
}
