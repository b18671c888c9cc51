package dev.quantreel.nodes.testing;

import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.Optional;

/// The inputs of Sample Video, set one by one: 8 Euler steps on linear levels with shift 3 and cfg 4 unless told
/// otherwise.
public final class SampleRequest {

    private final DiffusionModel model;
    private final Conditioning positive;
    private final Latent latent;
    private Optional<Conditioning> negative = Optional.empty();
    private long seed = 7;
    private int steps = 8;
    private double cfg = 4;
    private double shift = 3;
    private String sigmas = "linear";
    private String sampler = "euler";
    private int startStep;
    private int endStep = 10_000;
    private boolean addNoise = true;
    private boolean leftoverNoise;
    private Optional<BitPlan> bits = Optional.empty();
    private Optional<CachePlan> cache = Optional.empty();
    private Optional<VideoDecoder> preview = Optional.empty();
    private Optional<LowNoiseModel> lowNoise = Optional.empty();
    private String passes = "auto";

    public SampleRequest(DiffusionModel model, Conditioning positive, Latent latent) {
        this.model = model;
        this.positive = positive;
        this.latent = latent;
    }

    public SampleRequest negative(Conditioning value) {
        negative = Optional.of(value);
        return this;
    }

    public SampleRequest seed(long value) {
        seed = value;
        return this;
    }

    public SampleRequest steps(int value) {
        steps = value;
        return this;
    }

    public SampleRequest cfg(double value) {
        cfg = value;
        return this;
    }

    public SampleRequest shift(double value) {
        shift = value;
        return this;
    }

    public SampleRequest sampler(String name, String levels) {
        sampler = name;
        sigmas = levels;
        return this;
    }

    public SampleRequest section(int start, int end) {
        startStep = start;
        endStep = end;
        return this;
    }

    public SampleRequest noise(boolean added, boolean left) {
        addNoise = added;
        leftoverNoise = left;
        return this;
    }

    public SampleRequest bits(Optional<BitPlan> value) {
        bits = value;
        return this;
    }

    public SampleRequest cache(Optional<CachePlan> value) {
        cache = value;
        return this;
    }

    public SampleRequest preview(VideoDecoder value) {
        preview = Optional.of(value);
        return this;
    }

    public SampleRequest lowNoise(LowNoiseModel value) {
        lowNoise = Optional.of(value);
        return this;
    }

    public SampleRequest passes(String value) {
        passes = value;
        return this;
    }

    public SampleVideo.Outputs run(NodeContext context) throws Exception {
        return new SampleVideo().run(inputs(), context);
    }

    public SampleVideo.Inputs inputs() {
        return new SampleVideo.Inputs(
                model,
                positive,
                negative,
                latent,
                seed,
                steps,
                cfg,
                shift,
                sigmas,
                bits,
                cache,
                preview,
                sampler,
                startStep,
                endStep,
                addNoise,
                leftoverNoise,
                lowNoise,
                passes);
    }
}
