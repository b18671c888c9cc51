package dev.quantreel.nodes.report;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// A few hundred tokens of what each layer reads, picked evenly from every pass of the model. Not thread-safe.
final class LayerInputs {

    private static final int TOKENS_PER_PASS = 32;
    private static final int TOKENS_PER_LAYER = 128;

    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, Integer> channels = new LinkedHashMap<>();

    /// @param input F32 `[1, tokens, channels]`
    void observe(String layer, Tensor input) {
        int tokens = Math.toIntExact(input.shape().dim(1));
        int width = Math.toIntExact(input.shape().dim(2));
        float[] known = values.getOrDefault(layer, new float[0]);
        int room = TOKENS_PER_LAYER - known.length / width;
        int taken = Math.min(room, Math.min(tokens, TOKENS_PER_PASS));
        if (taken <= 0) {
            return;
        }
        float[] all = input.toFloatArray();
        float[] extended = Arrays.copyOf(known, known.length + taken * width);
        for (int i = 0; i < taken; i++) {
            int token = (int) ((long) i * tokens / taken);
            System.arraycopy(all, token * width, extended, known.length + i * width, width);
        }
        values.put(layer, extended);
        channels.put(layer, width);
    }

    /// What a layer read.
    ///
    /// @throws IllegalStateException when it never ran
    ActivationMatrix of(String layer) {
        float[] recorded = values.get(layer);
        Integer width = channels.get(layer);
        if (recorded == null || width == null) {
            throw new IllegalStateException("layer " + layer + " was not run while its inputs were recorded");
        }
        return ActivationMatrix.of(width, recorded);
    }
}
