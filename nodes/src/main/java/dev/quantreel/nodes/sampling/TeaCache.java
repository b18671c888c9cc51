package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.SignalEstimate;
import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCacheFit;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Plans the reuse of steps.
@NodeType(
        id = "TeaCache",
        title = "TeaCache",
        category = "sampling/step caches",
        description = "Makes sampling faster: skips the transformer blocks at steps where little changes"
                + " and applies their last change again (TeaCache, arXiv 2411.19108). The change of a"
                + " signal of the prelude is turned into an estimate by a polynomial fitted to the"
                + " model; steps are skipped while the sum of the estimates stays below the threshold."
                + " The first and the last step are always computed.",
        aliases = {"step cache", "skip steps", "speed up"})
public final class TeaCache implements Node<TeaCache.Inputs, TeaCache.Outputs> {

    private static final String AUTO = "auto";
    private static final String AUTO_RETENTION = "auto, retention";

    /// See [TeaCache].
    public record Inputs(
            @In(
                    help = "Polynomial: auto takes the one of the model and, where it matters, of the size of the"
                            + " video, or the identity for models without one. Retention watches the time projection,"
                            + " always computes the first five steps and may skip the last.",
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
            double end,

            @In(
                    help =
                            "Own polynomial instead of the profile's, as Fit TeaCache writes it: coefficients separated by"
                                    + " commas, the highest power first. Empty takes the profile.",
                    initial = "",
                    advanced = true)
            String coefficients,

            @In(help = "Signal that the own polynomial was fitted to.", initial = "time embedding", advanced = true)
            CacheSignal signal) {

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
        Optional<SignalEstimate> estimate =
                own(in).or(() -> profile(in.profile()).map(SignalEstimate.class::cast));
        return new Outputs(new CachePlan.Tea(
                estimate, in.profile().equals(AUTO_RETENTION), in.threshold(), new StepWindow(in.start(), in.end())));
    }

    private static Optional<SignalEstimate> own(Inputs in) {
        if (in.coefficients().isBlank()) {
            return Optional.empty();
        }
        List<Double> coefficients = new ArrayList<>();
        for (String number : in.coefficients().split("[,\\s]+", -1)) {
            if (!number.isEmpty()) {
                try {
                    coefficients.add(Double.valueOf(number));
                } catch (NumberFormatException e) {
                    throw rejected(in, number);
                }
            }
        }
        if (coefficients.isEmpty() || coefficients.stream().anyMatch(number -> !Double.isFinite(number))) {
            throw rejected(in, in.coefficients());
        }
        return Optional.of(TeaCacheFit.of(in.signal().watched(), coefficients));
    }

    private static NodeInputException rejected(Inputs in, String part) {
        return new NodeInputException(
                "coefficients",
                "is '" + in.coefficients() + "', of which '" + part
                        + "' is no finite number; accepted are numbers separated by commas");
    }

    private static Optional<TeaCacheProfile> profile(String name) {
        if (name.equals(AUTO) || name.equals(AUTO_RETENTION)) {
            return Optional.empty();
        }
        return Optional.of(Stream.of(TeaCacheProfile.values())
                .filter(profile -> profile.model().equals(name))
                .findFirst()
                .orElseThrow(() -> new NodeInputException(
                        "profile", "is '" + name + "'; accepted are " + String.join(", ", Profiles.names()))));
    }

    static final class Profiles implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return names();
        }

        static List<String> names() {
            return Stream.concat(
                            Stream.of(AUTO, AUTO_RETENTION),
                            Stream.of(TeaCacheProfile.values()).map(TeaCacheProfile::model))
                    .toList();
        }
    }
}
