package dev.quantreel.engines.dit;

import java.util.List;
import java.util.stream.Collectors;

/// A published model at its real size, known by name without any file.
///
/// @param name such as `wan-t2v-1.3b`
/// @param family that recognises its files
/// @param architecture its sizes
public record TransformerRelease(String name, TransformerFamily family, TransformerArchitecture architecture) {

    /// All that are known, family by family.
    public static List<TransformerRelease> all() {
        return TransformerCheckpoint.FAMILIES.stream()
                .flatMap(family -> family.releases().entrySet().stream()
                        .map(release -> new TransformerRelease(release.getKey(), family, release.getValue())))
                .toList();
    }

    /// @throws IllegalArgumentException when there is none; lists what there is
    public static TransformerRelease named(String name) {
        return all().stream()
                .filter(release -> release.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no model '" + name + "'; there are "
                        + all().stream().map(TransformerRelease::name).collect(Collectors.joining(", "))));
    }

    /// Number of values in all tensors.
    public long parameters() {
        return architecture.shapes().values().stream()
                .mapToLong(shape -> shape.elements())
                .sum();
    }
}
