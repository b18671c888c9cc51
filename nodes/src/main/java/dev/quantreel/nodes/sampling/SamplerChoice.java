package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.Solver;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.video.TextTable;
import java.util.List;
import java.util.stream.Stream;

/// Names of samplers and noise levels, and what a model's authors take.
///
/// @param facts of the model
public record SamplerChoice(TransformerFacts facts) {

    static final String AUTO = "auto";
    private static final String WAN = "wan";
    private static final String LTX_LEVELS = "ltxv";

    /// @throws NodeInputException when a name is not known, or does not belong to this model
    SamplerSettings settings(SampleVideo.Inputs in) {
        String levels = sigmas(in.sigmas());
        SamplerSettings settings = new SamplerSettings(
                in.steps(),
                in.cfg(),
                SigmaSchedule.named(levels, shift(in.shift(), in.latent(), levels)),
                Solver.named(sampler(in.sampler())),
                facts.sampling().prediction().ofSampler());
        try {
            settings.levels();
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("sigmas", "is '" + in.sigmas() + "'; " + e.getMessage(), e);
        }
        return settings;
    }

    /// What the model's authors take, for generations that nobody looks at.
    ///
    /// @param shift of the noise levels; 0 is the model's
    public SamplerSettings own(int steps, double cfg, double shift, Latent latent) {
        String levels = sigmas(AUTO);
        return new SamplerSettings(
                steps,
                cfg,
                SigmaSchedule.named(levels, shift(shift, latent, levels)),
                Solver.named(sampler(AUTO)),
                facts.sampling().prediction().ofSampler());
    }

    /// A shift of 0 is the model's; LTX-Video's grows with the clip.
    private double shift(double wanted, Latent latent, String levels) {
        if (wanted != 0) {
            return wanted;
        }
        LatentSize size = LatentSize.of(latent.samples());
        return levels.equals(LTX_LEVELS)
                ? SigmaSchedule.Stretched.shiftFor((long) size.frames() * size.height() * size.width())
                : facts.sampling().shift();
    }

    private String sampler(String name) {
        return chosen("sampler", name, Solver.NAMES, facts.family().equals(WAN) ? "wan_unipc" : "euler");
    }

    private String sigmas(String name) {
        String own =
                switch (facts.family()) {
                    case WAN -> "unipc";
                    case "ltx-video" -> LTX_LEVELS;
                    case "cogvideox", "latte" -> facts.family();
                    default -> "linear";
                };
        return chosen("sigmas", name, SigmaSchedule.NAMES, own);
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
    public static final class Samplers implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return Stream.concat(Stream.of(AUTO), Solver.NAMES.stream()).toList();
        }
    }

    /// Noise levels on offer.
    public static final class Schedules implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return Stream.concat(Stream.of(AUTO), SigmaSchedule.NAMES.stream()).toList();
        }
    }
}
