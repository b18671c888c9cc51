package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.rotation.Rotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/// What rotation does to the weights of a layer and to what it reads: equal before and after where nothing is rotated.
///
/// @param weights of some rows
/// @param inputs recorded tokens, where there are any
record RotationShapes(Pair weights, Optional<Pair> inputs) {

    private static final int ROWS = 128;

    /// The same values before and after rotation.
    record Pair(Distribution before, Distribution after) {

        static Pair of(int count, IntFunction<float[]> row, Optional<Rotation> rotation) {
            List<float[]> before = new ArrayList<>();
            List<float[]> after = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                before.add(row.apply(i));
                float[] turned = before.getLast().clone();
                rotation.ifPresent(matrix -> matrix.apply(turned));
                after.add(turned);
            }
            return new Pair(Distribution.of(before), Distribution.of(after));
        }

        ObjectNode json() {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            json.set("before", before.json());
            json.set("after", after.json());
            return json;
        }
    }

    /// @param layer one of `weights.matrices()`
    static RotationShapes of(QuantizedWeights weights, String layer, Optional<ActivationMatrix> inputs) {
        Optional<Rotation> rotation = weights.matrix(layer).flatMap(weights::rotation);
        String name = layer + ".weight";
        WeightMatrix original = WeightMatrix.of(name, weights.checkpoint().tensor(name));
        int rows = Math.min(ROWS, original.rows());
        Pair ofWeights = Pair.of(
                rows,
                i -> {
                    float[] row = new float[original.columns()];
                    original.readRow((int) ((long) i * original.rows() / rows), row);
                    return row;
                },
                rotation);
        return new RotationShapes(ofWeights, inputs.map(read -> Pair.of(read.tokens(), read::token, rotation)));
    }

    /// How far the worst outlier stands out before rotation.
    double worstCrest() {
        return Math.max(
                weights.before().crest(),
                inputs.map(pair -> pair.before().crest()).orElse(0.0));
    }
}
