package dev.quantreel.engines.text;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// The tiny encoders of the golden files as checkpoints.
final class GoldenEncoders {

    private GoldenEncoders() {}

    /// @param file for example `llama.safetensors`
    static MemoryCheckpoint weights(String file) {
        return renamed(file, UnaryOperator.identity());
    }

    /// The weights under other names.
    static MemoryCheckpoint renamed(String file, UnaryOperator<String> rename) {
        SafetensorsFile golden = GoldenResource.open(file);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : golden.names()) {
            if (name.startsWith("w.")) {
                weights.put(rename.apply(name.substring(2)), golden.tensor(name));
            }
        }
        return new MemoryCheckpoint(file, weights, golden.metadata());
    }

    /// A copy with tensors added or replaced.
    static MemoryCheckpoint with(Checkpoint checkpoint, Map<String, Tensor> changed) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint.names().forEach(name -> tensors.put(name, checkpoint.tensor(name)));
        tensors.putAll(changed);
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    static EncoderWeights full(Checkpoint checkpoint) {
        return new EncoderWeights(new FloatWeights(checkpoint), EncoderPrecision.FULL, Arena.ofAuto());
    }

    static int[] ids(String file) {
        float[] stored = Conversions.toFloatArray(GoldenResource.open(file).tensor("in.ids"));
        int[] ids = new int[stored.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) stored[i];
        }
        return ids;
    }
}
