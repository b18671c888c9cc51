package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.video.Frames;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Tiny decoders from the golden files, and comparisons of clips.
final class VaeFixtures {

    private VaeFixtures() {}

    /// The weights of a golden file.
    static Checkpoint weights(String golden) {
        return weights(golden, UnaryOperator.identity());
    }

    /// The weights under other names.
    static Checkpoint weights(String golden, UnaryOperator<String> rename) {
        Checkpoint file = GoldenResource.open(golden + ".safetensors");
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : file.names()) {
            if (name.startsWith("w.")) {
                weights.put(rename.apply(name.substring(2)), file.tensor(name));
            }
        }
        return new MemoryCheckpoint(golden, weights, file.metadata());
    }

    /// `[1, channels, frames, ...]` as `[frames, channels, ...]`.
    static Tensor framesFirst(Tensor latent) {
        Shape shape = latent.shape();
        int channels = (int) shape.dim(1);
        int frames = (int) shape.dim(2);
        int plane = (int) (shape.dim(3) * shape.dim(4));
        float[] source = latent.toFloatArray();
        float[] target = new float[source.length];
        for (int channel = 0; channel < channels; channel++) {
            for (int frame = 0; frame < frames; frame++) {
                System.arraycopy(
                        source,
                        (channel * frames + frame) * plane,
                        target,
                        (frame * channels + channel) * plane,
                        plane);
            }
        }
        return Tensor.of(Shape.of(frames, channels, shape.dim(3), shape.dim(4)), target);
    }

    static float pixel(Frames frames, int frame, int row, int column) {
        return frames.rgb().data().get(Tensor.FLOAT, 12L * ((frame * frames.height() + row) * frames.width() + column));
    }

    /// Largest difference of two clips of one size.
    static float worst(Frames a, Frames b) {
        float worst = 0;
        for (int i = 0; i < a.count(); i++) {
            float[] left = a.frame(i);
            float[] right = b.frame(i);
            for (int j = 0; j < left.length; j++) {
                worst = Math.max(worst, Math.abs(left[j] - right[j]));
            }
        }
        return worst;
    }

    static double meanDifference(Frames a, Frames b) {
        double sum = 0;
        for (int i = 0; i < a.count(); i++) {
            float[] left = a.frame(i);
            float[] right = b.frame(i);
            for (int j = 0; j < left.length; j++) {
                sum += Math.abs(left[j] - right[j]) / left.length;
            }
        }
        return sum / a.count();
    }

    /// Cancelled by hand.
    static final class Switch implements CancellationToken {
        private boolean cancelled;

        void cancel() {
            cancelled = true;
        }

        @Override
        public boolean cancelled() {
            return cancelled;
        }

        @Override
        public Registration onCancel(Runnable hook) {
            return () -> {};
        }
    }
}
