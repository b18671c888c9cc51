package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/// How the latents of the diffusion transformer follow from those of the VAE: `model = (vae - mean) / std`, per
/// channel.
///
/// @param mean one per channel
/// @param std one per channel
public record LatentNormalization(List<Float> mean, List<Float> std) {

    public LatentNormalization {
        if (mean.size() != std.size()) {
            throw new IllegalArgumentException(mean.size() + " means for " + std.size() + " deviations");
        }
        mean = List.copyOf(mean);
        std = List.copyOf(std);
    }

    /// Both the same.
    static LatentNormalization identity(int channels) {
        return factor(channels, 1);
    }

    /// `model = vae * factor`: diffusers' `scaling_factor`.
    static LatentNormalization factor(int channels, double factor) {
        return new LatentNormalization(
                Collections.nCopies(channels, 0f), Collections.nCopies(channels, (float) (1 / factor)));
    }

    static LatentNormalization of(float[] mean, float[] std) {
        return new LatentNormalization(list(mean), list(std));
    }

    private static List<Float> list(float[] values) {
        List<Float> list = new ArrayList<>(values.length);
        for (float value : values) {
            list.add(value);
        }
        return list;
    }

    public boolean isIdentity() {
        return mean.stream().allMatch(value -> value == 0) && std.stream().allMatch(value -> value == 1);
    }

    /// From the transformer's latents to the VAE's: `model * std + mean`.
    ///
    /// @param latent F32 `[1, channels, ...]`
    public Tensor toVae(Tensor latent) {
        return mapped(latent, channel -> value -> value * std.get(channel) + mean.get(channel));
    }

    /// From the VAE's latents to the transformer's.
    ///
    /// @param latent F32 `[1, channels, ...]`
    public Tensor toModel(Tensor latent) {
        return mapped(latent, channel -> value -> (value - mean.get(channel)) / std.get(channel));
    }

    private interface PerChannel {
        DoubleUnaryOperator of(int channel);
    }

    private Tensor mapped(Tensor latent, PerChannel function) {
        Tensor result = Tensor.zeros(DType.F32, latent.shape());
        long perChannel = latent.elements() / mean.size();
        for (int channel = 0; channel < mean.size(); channel++) {
            DoubleUnaryOperator map = function.of(channel);
            for (long i = channel * perChannel; i < (channel + 1) * perChannel; i++) {
                float value = latent.data().get(Tensor.FLOAT, Float.BYTES * i);
                result.data().set(Tensor.FLOAT, Float.BYTES * i, (float) map.applyAsDouble(value));
            }
        }
        return result;
    }
}
