package dev.quantreel.engines.dit.wan;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/// A transformer of two blocks of width 64 with random weights.
public final class TinyWan {

    private TinyWan() {}

    /// ComfyUI's names, bare.
    public static Checkpoint comfy() {
        return weights("wan_t2v_comfy.safetensors");
    }

    public static Checkpoint diffusers() {
        return weights("wan_t2v_diffusers.safetensors");
    }

    public static Checkpoint renamed(Checkpoint checkpoint, UnaryOperator<String> names) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint.names().forEach(name -> tensors.put(names.apply(name), checkpoint.tensor(name)));
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    public static Checkpoint with(Checkpoint checkpoint, String name, Tensor tensor) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint.names().forEach(each -> tensors.put(each, checkpoint.tensor(each)));
        tensors.put(name, tensor);
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    public static Checkpoint without(Checkpoint checkpoint, String name) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint.names().forEach(each -> tensors.put(each, checkpoint.tensor(each)));
        tensors.remove(name);
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    public static Tensor random(long seed, long... dims) {
        Random random = new Random(seed);
        float[] values = new float[(int) Shape.of(dims).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(dims), values);
    }

    private static Checkpoint weights(String file) {
        SafetensorsFile golden = GoldenResource.open(file);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : golden.names()) {
            if (name.startsWith("w.")) {
                weights.put(name.substring(2), golden.tensor(name));
            }
        }
        String config = golden.metadata().getOrDefault("config", "{}").replaceFirst("\\{", "{\"text_len\": 12, ");
        return new MemoryCheckpoint(file, weights, Map.of("config", config));
    }
}
