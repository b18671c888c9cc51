package dev.quantreel.engines.synth;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Other forms of tiny checkpoints, made in memory.
final class TinyVariants {

    private static final float LARGEST_E4M3 = 448;
    private static final int RANK = 4;
    private static final String WEIGHT = ".weight";

    private TinyVariants() {}

    /// The matrices of the blocks as `fp8_scaled` has them.
    ///
    /// @param source a Wan transformer in its original layout, F32
    /// @param hasScale which layers keep the scale that they need
    static Checkpoint fp8Scaled(Checkpoint source, Predicate<String> hasScale) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : source.names()) {
            Tensor tensor = source.tensor(name);
            if (!name.startsWith("blocks.") || !name.endsWith(WEIGHT) || !tensor.isMatrix()) {
                tensors.put(name, tensor);
                continue;
            }
            float[] values = tensor.toFloatArray();
            float largest = 0;
            for (float value : values) {
                largest = Math.max(largest, Math.abs(value));
            }
            float scale = largest / LARGEST_E4M3;
            for (int i = 0; i < values.length; i++) {
                values[i] /= scale;
            }
            tensors.put(name, Conversions.fromF32(Tensor.of(tensor.shape(), values), DType.F8_E4M3));
            String layer = name.substring(0, name.length() - WEIGHT.length());
            if (hasScale.test(layer)) {
                tensors.put(layer + ".scale_weight", Tensor.scalar(scale));
            }
        }
        tensors.put("scaled_fp8", Tensor.zeros(DType.F8_E4M3, Shape.of(0)));
        return new MemoryCheckpoint(source.source(), tensors, source.metadata());
    }

    /// A change of rank 4 of one square layer.
    static Map<String, Tensor> lora(String layer, String down, String up, int dim) {
        return Map.of(
                layer + down + WEIGHT, random(RANK, dim),
                layer + up + WEIGHT, random(dim, RANK),
                layer + ".alpha", Tensor.scalar(RANK));
    }

    private static Tensor random(int rows, int columns) {
        Random random = new Random(rows);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() / columns;
        }
        return Tensor.of(Shape.of(rows, columns), values);
    }

    /// The same tensors under other names.
    static Checkpoint renamed(Checkpoint source, UnaryOperator<String> names) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        source.names().forEach(name -> tensors.put(names.apply(name), source.tensor(name)));
        return new MemoryCheckpoint(source.source(), tensors, source.metadata());
    }

    /// The same with other tensors beside or in the place of its own.
    static Checkpoint with(Checkpoint source, Map<String, Tensor> more) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        source.names().forEach(name -> tensors.put(name, source.tensor(name)));
        tensors.putAll(more);
        return new MemoryCheckpoint(source.source(), tensors, source.metadata());
    }

    /// The same without the tensors whose names are chosen.
    static Checkpoint without(Checkpoint source, Predicate<String> left) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        source.names().stream().filter(left.negate()).forEach(name -> tensors.put(name, source.tensor(name)));
        return new MemoryCheckpoint(source.source(), tensors, source.metadata());
    }
}
