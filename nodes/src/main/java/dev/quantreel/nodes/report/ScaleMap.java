package dev.quantreel.nodes.report;

import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How large the inputs of layers are at each step of a generation, both branches of guidance together. Listens to the
/// sampler for the steps and to a probe for the layers. Not thread-safe.
final class ScaleMap implements SamplingListener {

    private final Map<String, List<Scale>> scales = new LinkedHashMap<>();
    private final SamplingListener next;
    private int step;

    /// @param layers in the order of the rows
    /// @param next also hears the steps
    ScaleMap(List<String> layers, SamplingListener next) {
        layers.forEach(layer -> scales.put(layer, new ArrayList<>()));
        this.next = next;
    }

    /// @param absMax largest absolute value
    /// @param rms root mean square
    record Scale(double absMax, double rms) {
        /// How far outliers stand out.
        double crest() {
            return rms == 0 ? 0 : absMax / rms;
        }
    }

    /// Takes what a layer reads.
    void observe(String layer, Tensor input) {
        List<Scale> row = scales.get(layer);
        if (row == null) {
            return;
        }
        MemorySegment data = input.data();
        double max = 0;
        double squares = 0;
        for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
            double value = data.get(Tensor.FLOAT, at);
            max = Math.max(max, Math.abs(value));
            squares += value * value;
        }
        Scale now = new Scale(max, Math.sqrt(squares / (data.byteSize() / Float.BYTES)));
        if (row.size() > step) {
            Scale other = row.get(step);
            row.set(step, new Scale(Math.max(max, other.absMax()), Math.hypot(now.rms(), other.rms()) / Math.sqrt(2)));
        } else {
            row.add(now);
        }
    }

    @Override
    public void stepDone(int done, int total, Tensor preview) {
        step = done;
        next.stepDone(done, total, preview);
    }

    /// Layer by layer, step by step, without layers that never ran. What runs once, such as the keys of the text, keeps
    /// its scale.
    Map<String, List<Scale>> scales() {
        Map<String, List<Scale>> whole = new LinkedHashMap<>();
        scales.forEach((layer, row) -> {
            if (!row.isEmpty()) {
                List<Scale> filled = new ArrayList<>(row);
                filled.addAll(Collections.nCopies(Math.max(0, step - row.size()), row.getLast()));
                whole.put(layer, filled);
            }
        });
        return whole;
    }
}
