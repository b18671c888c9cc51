package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.Solver;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.video.TextTable;
import java.util.List;
import java.util.stream.Stream;

/// Names of samplers and noise levels, and what a model's authors take.
///
/// @param facts of the model
record SamplerChoice(TransformerFacts facts) {

    static final String AUTO = "auto";
    private static final String WAN = "wan";

    /// @param shift 0 takes the model's
    /// @throws NodeInputException when a name is not known
    SamplerSettings settings(SampleVideo.Inputs in) {
        double shift = in.shift() == 0 ? facts.sampling().shift() : in.shift();
        return new SamplerSettings(
                in.steps(),
                in.cfg(),
                SigmaSchedule.named(sigmas(in.sigmas()), shift),
                Solver.named(sampler(in.sampler())),
                facts.sampling().prediction().ofSampler());
    }

    private String sampler(String name) {
        return chosen("sampler", name, Solver.NAMES, facts.family().equals(WAN) ? "wan_unipc" : "euler");
    }

    private String sigmas(String name) {
        return chosen("sigmas", name, SigmaSchedule.NAMES, facts.family().equals(WAN) ? "unipc" : "linear");
    }

    private static String chosen(String port, String name, List<String> names, String own) {
        if (name.equals(AUTO)) {
            return own;
        }
        if (!names.contains(name)) {
            throw new NodeInputException(
                    port, "is '" + name + "'; accepted are " + AUTO + ", " + String.join(", ", names));
        }
        return name;
    }

    /// What the authors of the model recommend.
    String recommended() {
        TransformerFacts.Sampling own = facts.sampling();
        String guidance = own.embeddedGuidance()
                ? "cfg 1 with an embedded guidance of " + TextTable.number(own.cfg())
                : "cfg " + TextTable.number(own.cfg());
        return facts.variant() + " is usually sampled with " + guidance + ", shift " + TextTable.number(own.shift())
                + ", " + sampler(AUTO) + " on " + sigmas(AUTO) + " levels, at "
                + TextTable.number(own.framesPerSecond()) + " frames per second";
    }

    /// Samplers on offer.
    static final class Samplers implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return Stream.concat(Stream.of(AUTO), Solver.NAMES.stream()).toList();
        }
    }

    /// Noise levels on offer.
    static final class Schedules implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return Stream.concat(Stream.of(AUTO), SigmaSchedule.NAMES.stream()).toList();
        }
    }
}
