package dev.quantreel.engines.golden;

import dev.quantreel.engines.runtime.Engine;
import java.util.Map;

/// How golden files of one kind are recomputed. To cover another kind, implement this and add it to
/// [GoldenModels#FAMILIES].
interface GoldenFamily {

    /// Whether this kind of file is meant.
    boolean fits(GoldenFile golden);

    /// Runs the model in the file on an engine.
    ///
    /// @return largest absolute error by the name of each stored result
    Map<String, Double> errors(GoldenFile golden, Engine engine);

    /// The error that is too large.
    default double tolerance() {
        return 1e-4;
    }
}
