package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.KnownFrames;
import dev.quantreel.engines.sampling.NoiseLevels;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.WeightedSum;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Latent;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A latent on its way in and out of a sampler. Latents with noise left in them travel divided by their share of the
/// clean latent, as in ComfyUI, so that a workflow of two samplers means the same here.
///
/// @param levels of the steps that are run
record NoisedLatent(NoiseLevels levels) {

    /// @throws NodeInputException when no step is left
    static NoisedLatent of(SamplerSettings settings, SampleVideo.Inputs in) {
        NoiseLevels all = settings.levels();
        if (in.startStep() >= Math.min(in.endStep(), all.steps())) {
            throw new NodeInputException(
                    "startStep",
                    "is " + in.startStep() + "; accepted is less than endStep, which is " + in.endStep() + ", and than"
                            + " the number of steps, " + all.steps());
        }
        return new NoisedLatent(all.section(in.startStep(), in.endStep(), in.leftoverNoise()));
    }

    FlowSampler.Start start(Latent latent, long seed, boolean addNoise) {
        Tensor given = latent.samples();
        Tensor begin = WeightedSum.of(levels.alpha(0), given).tensor();
        if (addNoise) {
            Tensor noise = TorchNoise.gaussian(seed, given.shape());
            begin = isEmpty(given) ? noise : levels.noised(given, noise);
        }
        Optional<KnownFrames> known =
                latent.knownFrames() > 0 ? Optional.of(new KnownFrames(given, latent.knownFrames())) : Optional.empty();
        // ComfyUI's CPU samplers draw later noise from the next seed, so that it does not repeat the first.
        return new FlowSampler.Start(begin, levels, TorchNoise.source(seed + 1), known);
    }

    /// @param space of the model
    Latent end(Tensor sampled, Latent from, LatentSpace space) {
        double share = levels.alpha(levels.steps());
        Tensor samples = share == 1 || share == 0
                ? sampled
                : WeightedSum.of(1 / share, sampled).tensor();
        return new Latent(samples, Optional.of(space), from.knownFrames());
    }

    private static boolean isEmpty(Tensor latent) {
        MemorySegment data = latent.data();
        for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
            if (data.get(Tensor.FLOAT, at) != 0) {
                return false;
            }
        }
        return true;
    }
}
