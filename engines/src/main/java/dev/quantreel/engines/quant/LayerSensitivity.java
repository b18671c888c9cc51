package dev.quantreel.engines.quant;

import dev.quantreel.engines.runtime.CancellationToken;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// How much a layer suffers from few bits: noise over signal of its output `X Wᵀ` on recorded inputs, `‖X(W−Ŵ)ᵀ‖² /
/// ‖X Wᵀ‖²`, the ratio behind the weight-only figure of [LayerSqnr].
///
/// @param plan whose own bits and layer rules do not matter here
/// @param bits to try, each 2 to 8
/// @param cancellation asked between rows of a weight
public record LayerSensitivity(
        QuantizedWeights.Source source, QuantizationPlan plan, List<Integer> bits, CancellationToken cancellation) {

    public LayerSensitivity {
        bits = List.copyOf(bits);
    }

    /// Quantizes one layer at each number of bits as the plan would, and forgets the codes again.
    ///
    /// @param layer weight key without `.weight`
    /// @param inputs what the layer reads, before rotation; a few hundred tokens tell enough
    /// @return noise over signal by bits; zero for a layer without output
    /// @throws IllegalArgumentException as [QuantizedWeights#of]
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public SortedMap<Integer, Double> of(String layer, ActivationMatrix inputs) {
        QuantizedWeights.Source alone =
                new QuantizedWeights.Source(source.checkpoint(), List.of(layer), source.statistics());
        RowTasks tasks = RowTasks.parallel(cancellation);
        SortedMap<Integer, Double> noise = new TreeMap<>();
        for (int own : bits) {
            QuantizationPlan tried =
                    plan.withWeights(plan.weight().withBits(own)).withLayers(LayerRule.ALL);
            QuantizedWeights weights = QuantizedWeights.of(alone, tried, QuantizationProgress.NONE, cancellation);
            noise.put(own, noise(weights, layer, inputs, tasks));
        }
        return noise;
    }

    private static double noise(QuantizedWeights weights, String layer, ActivationMatrix inputs, RowTasks tasks) {
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        WeightMatrix original = weights.original(layer);
        WeightMatrix rest = weights.withoutBranch(layer, original);
        ActivationMatrix x = LayerSqnr.turned(inputs, weights.smoothing(layer), weights.rotation(matrix));
        double[] signal = new double[original.rows()];
        double[] noise = new double[original.rows()];
        tasks.run(original.rows(), (from, to) -> {
            float[] weight = new float[original.columns()];
            float[] difference = new float[original.columns()];
            for (int row = from; row < to; row++) {
                original.readRow(row, weight);
                signal[row] = energy(x, weight);
                rest.readRow(row, weight);
                matrix.dequantizeRow(row, difference);
                for (int j = 0; j < difference.length; j++) {
                    difference[j] = weight[j] - difference[j];
                }
                noise[row] = energy(x, difference);
            }
        });
        double whole = Arrays.stream(signal).sum();
        return whole == 0 ? 0 : Arrays.stream(noise).sum() / whole;
    }

    private static double energy(ActivationMatrix x, float[] weights) {
        return IntStream.range(0, x.tokens())
                .mapToDouble(i -> x.dot(i, weights))
                .map(product -> product * product)
                .sum();
    }
}
