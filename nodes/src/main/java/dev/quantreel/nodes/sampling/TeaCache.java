package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.StepCache.Watched;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.CachePlan;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Plans the reuse of steps.
@NodeType(
        id = "TeaCache",
        title = "TeaCache",
        category = "sampling",
        description = "Skips the transformer blocks at steps where little changes and applies their last change again"
                + " (TeaCache, arXiv 2411.19108). The change of the time embedding is turned into an estimate by a"
                + " polynomial fitted to the model; steps are skipped while the sum of the estimates stays below the"
                + " threshold. The first and the last step are always computed.",
        aliases = {"step cache", "skip steps", "speed up"})
public final class TeaCache implements Node<TeaCache.Inputs, TeaCache.Outputs> {

    private static final String AUTO = "auto";
    private static final String AUTO_RETENTION = "auto, retention";

    /// See [TeaCache].
    public record Inputs(
            @In(
                    help = "Polynomial: auto takes the one of the model, or the identity for models without one."
                            + " Retention watches the time projection and always computes the first five steps.",
                    initial = "auto",
                    options = Profiles.class)
            String profile,

            @In(
                    help = "Sum of relative changes that calls for a computed step, as a fraction: higher is faster and"
                            + " less exact. 0 takes the profile's usual one.",
                    initial = "0",
                    min = 0,
                    max = 10,
                    step = 0.01)
            double threshold,

            @In(
                    help = "Steps before this fraction of all are computed.",
                    initial = "0",
                    min = 0,
                    max = 1,
                    advanced = true)
            double start,

            @In(help = "Steps from this fraction on are computed.", initial = "1", min = 0, max = 1, advanced = true)
            double end) {

        public Inputs {
            if (start > end) {
                throw new NodeInputException("start", "is " + start + "; accepted is at most end, which is " + end);
            }
        }
    }

    /// See [TeaCache].
    public record Outputs(
            @Out(help = "The step cache, for Sample Video.") CachePlan cache) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        return new Outputs(new CachePlan(
                profile(in.profile()), in.profile().equals(AUTO_RETENTION), in.threshold(), in.start(), in.end()));
    }

    private static Optional<TeaCacheProfile> profile(String name) {
        if (name.equals(AUTO) || name.equals(AUTO_RETENTION)) {
            return Optional.empty();
        }
        return Optional.of(usable().filter(profile -> profile.model().equals(name))
                .findFirst()
                .orElseThrow(() -> new NodeInputException(
                        "profile", "is '" + name + "'; accepted are " + String.join(", ", Profiles.names()))));
    }

    /// Profiles that watch what the models we run expose.
    private static Stream<TeaCacheProfile> usable() {
        return Stream.of(TeaCacheProfile.values()).filter(profile -> profile.watched() != Watched.MODULATED_INPUT);
    }

    static final class Profiles implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return names();
        }

        static List<String> names() {
            return Stream.concat(Stream.of(AUTO, AUTO_RETENTION), usable().map(TeaCacheProfile::model))
                    .toList();
        }
    }
}
