package dev.quantreel.engines.golden;

import java.util.List;
import java.util.Optional;

/// The kinds of golden files that are recomputed.
final class GoldenModels {

    private static final List<GoldenFamily> FAMILIES = List.of(
            new TransformerGolden(),
            new VaeGolden(),
            new TextEncoderGolden(),
            new ScheduleGolden(),
            new DiffusionScheduleGolden(),
            new ClipVisionGolden());

    private GoldenModels() {}

    static Optional<GoldenFamily> family(GoldenFile golden) {
        return FAMILIES.stream().filter(family -> family.fits(golden)).findFirst();
    }
}
