package dev.quantreel.nodes.values;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.nodes.spi.Socket;
import java.util.Optional;

/// A TeaCache whose polynomial may be left to the model.
///
/// @param profile the polynomial; empty chooses by the model's width
/// @param retention with the chosen polynomial: watch the time projection and keep the first steps
/// @param threshold summed relative change that calls for a computed step; 0 takes the profile's usual one
/// @param startFraction steps before this fraction of all are computed
/// @param endFraction steps from this fraction on are computed
@Socket("STEP_CACHE")
public record CachePlan(
        Optional<TeaCacheProfile> profile,
        boolean retention,
        double threshold,
        double startFraction,
        double endFraction) {

    /// The cache for a model.
    public StepCache resolve(TransformerFacts facts) {
        TeaCacheProfile chosen = profile.orElseGet(
                () -> TeaCacheProfile.of(facts.family(), facts.sizes().dim(), retention));
        double limit = threshold == 0 ? chosen.thresholds().getFirst() : threshold;
        return new TeaCache(chosen, limit, startFraction, endFraction);
    }
}
