package dev.quantreel.engines.golden;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// Weights, inputs and outputs that an independent implementation computed: tensors `w.KEY`, `in.NAME`, `out.NAME`,
/// `mid.NAME`, and the model's config in the metadata.
record GoldenFile(Path path, Checkpoint file) {

    static GoldenFile open(Path path) {
        return new GoldenFile(path, SafetensorsFile.open(path));
    }

    Checkpoint weights() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : file.names()) {
            if (name.startsWith("w.")) {
                weights.put(name.substring(2), file.tensor(name));
            }
        }
        return new MemoryCheckpoint(path.getFileName().toString(), weights, file.metadata());
    }

    boolean contains(String name) {
        return file.contains(name);
    }

    Tensor tensor(String name) {
        return Conversions.toF32(file.tensor(name));
    }

    /// Largest absolute difference.
    static double maxAbsoluteError(Tensor actual, Tensor expected) {
        if (!actual.shape().equals(expected.shape())) {
            throw new AssertionError("shape " + actual.shape() + ", expected " + expected.shape());
        }
        float[] a = actual.toFloatArray();
        float[] b = expected.toFloatArray();
        double worst = 0;
        for (int i = 0; i < a.length; i++) {
            double error = Math.abs((double) a[i] - b[i]);
            worst = error > worst || Double.isNaN(error) ? error : worst;
            if (Double.isNaN(worst)) {
                return Double.NaN;
            }
        }
        return worst;
    }
}
