package dev.quantreel.nodes.measure;

import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.Latent;
import java.util.Optional;

/// What is generated, whatever the model: prompts, size, noise and sampler.
///
/// @param seed of the noise
public record Scene(Conditioning positive, Optional<Conditioning> negative, Latent latent, long seed, Sampler sampler) {

    private static final int TO_THE_END = 10_000;

    /// How it is sampled; names and ranges are those of Sample Video.
    public record Sampler(int steps, double cfg, double shift, String name, String sigmas) {}

    /// The same with another prompt and other noise.
    public Scene with(Conditioning newPositive, long newSeed) {
        return new Scene(newPositive, negative, latent, newSeed, sampler);
    }

    /// The generation as Sample Video would run it.
    SampleVideo.Inputs by(Candidate candidate) {
        return new SampleVideo.Inputs(
                candidate.model(),
                positive,
                negative,
                latent,
                seed,
                sampler.steps(),
                sampler.cfg(),
                sampler.shift(),
                sampler.sigmas(),
                candidate.bits(),
                candidate.cache(),
                Optional.empty(),
                sampler.name(),
                0,
                TO_THE_END,
                true,
                false,
                candidate.lowNoise(),
                "auto");
    }

    /// Equal for scenes that give the same video, in words of hex digits; the same in every process.
    public String fingerprint() {
        Fingerprint fingerprint = new Fingerprint();
        addTo(fingerprint);
        return fingerprint.hex();
    }

    /// Equal for scenes that give the same video; the same in every process.
    void addTo(Fingerprint fingerprint) {
        add(positive, fingerprint);
        negative.ifPresentOrElse(prompt -> add(prompt, fingerprint), () -> fingerprint.add("-"));
        fingerprint.add(latent.samples()).add(latent.knownFrames()).add(seed).add(sampler);
    }

    private static void add(Conditioning conditioning, Fingerprint fingerprint) {
        fingerprint
                .add(conditioning.embedding().context())
                .add(conditioning.embedding().length())
                .add(conditioning.embedding().pooled())
                .add(conditioning.embedding().glyphs())
                .add(conditioning.guidance().map(Object::toString).orElse("-"));
        conditioning.image().ifPresent(image -> fingerprint
                .add("image")
                .add(image.channels())
                .add(image.features())
                .add(image.knownFrames()));
    }
}
