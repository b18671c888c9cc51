package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.measure.PromptedScene;
import dev.quantreel.nodes.measure.SceneInputs;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import java.util.Optional;

/// The inputs that nodes share which measure models, set one by one: 4 Euler steps on linear levels with shift 3 and
/// cfg 4 unless told otherwise, against full precision.
public final class SceneRequest {

    private final Latent latent;
    private Optional<DiffusionModel> reference = Optional.empty();
    private Optional<LowNoiseModel> referenceLowNoise = Optional.empty();
    private long seed;
    private int steps = 4;
    private double cfg = 4;
    private String sampler = "euler";
    private String sigmas = "linear";

    public SceneRequest(Latent latent) {
        this.latent = latent;
    }

    public SceneRequest against(DiffusionModel model, Optional<LowNoiseModel> lowNoise) {
        reference = Optional.of(model);
        referenceLowNoise = lowNoise;
        return this;
    }

    public SceneRequest seed(long value) {
        seed = value;
        return this;
    }

    public SceneRequest steps(int value) {
        steps = value;
        return this;
    }

    public SceneRequest cfg(double value) {
        cfg = value;
        return this;
    }

    public SceneRequest sampler(String name, String levels) {
        sampler = name;
        sigmas = levels;
        return this;
    }

    public SceneInputs inputs() {
        return new SceneInputs(latent, reference, referenceLowNoise, seed, steps, cfg, 3, sigmas, sampler);
    }

    public PromptedScene of(Conditioning positive, Optional<Conditioning> negative) {
        return new PromptedScene(positive, negative, inputs());
    }
}
