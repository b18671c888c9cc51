package dev.quantreel.engines.quant;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;

/// Bits of a model's layers, chosen so that the sum of their noise is small at a mean number of bits: ViDiT-Q's mixed
/// precision (its section on metric-decoupled allocation), with noise that is measured without data.
///
/// Layers begin at their fewest bits. The step up that takes away most noise per bit of weights is made first, until no
/// step fits into the mean any more; of a layer, steps that gain less than a later one are made together with it
/// (the lower convex hull of its noise). Exact but for the last step that does not fit.
///
/// @param bits of every layer, in the order of the model
/// @param meanBits over all weights
/// @param noise sum over the layers at these bits
public record BitAllocation(SequencedMap<String, Integer> bits, double meanBits, double noise) {

    /// A layer and what its bits cost.
    ///
    /// @param weights how many it has
    /// @param noise of its output over its signal, at each number of bits that it may have; finite
    public record Layer(String name, long weights, SortedMap<Integer, Double> noise) {
        public Layer {
            noise = new TreeMap<>(noise);
            if (weights < 1 || noise.isEmpty()) {
                throw new IllegalArgumentException("layer " + name + " has " + weights + " weights and noise at "
                        + noise.keySet() + " bits; at least one of each is needed");
            }
            for (Map.Entry<Integer, Double> entry : noise.entrySet()) {
                if (!Double.isFinite(entry.getValue())) {
                    throw new IllegalArgumentException("layer " + name + " has a noise of " + entry.getValue() + " at "
                            + entry.getKey() + " bits; a finite one is needed");
                }
            }
        }

        private double noiseAt(int bits) {
            return noise.getOrDefault(bits, Double.NaN);
        }
    }

    private record Step(Layer layer, int from, int to) {
        long cost() {
            return layer.weights() * (to - from);
        }

        double gain() {
            return layer.noiseAt(from) - layer.noiseAt(to);
        }

        double worth() {
            return gain() / cost();
        }
    }

    /// @param layers at least one
    /// @param meanBits not to be exceeded
    /// @throws IllegalArgumentException when even the fewest bits of all layers exceed the mean
    public static BitAllocation of(List<Layer> layers, double meanBits) {
        SequencedMap<String, Integer> bits = new LinkedHashMap<>();
        long weights = 0;
        long least = 0;
        List<Step> steps = new ArrayList<>();
        for (Layer layer : layers) {
            int fewest = layer.noise().firstKey();
            bits.put(layer.name(), fewest);
            weights += layer.weights();
            least += fewest * layer.weights();
            steps.addAll(steps(layer));
        }
        double room = meanBits * weights - least;
        if (room < 0) {
            throw new IllegalArgumentException(
                    "a mean of " + meanBits + " bits is below that of the fewest bits, " + (double) least / weights);
        }
        // A stable sort: of one layer, an earlier step is worth no less than a later one.
        steps.sort(Comparator.comparingDouble(Step::worth).reversed());
        for (Step step : steps) {
            if (step.cost() <= room && bits.replace(step.layer().name(), step.from(), step.to())) {
                room -= step.cost();
            }
        }
        return at(layers, bits);
    }

    /// What given bits cost.
    ///
    /// @param bits of every layer, each one of those at which its noise is known
    public static BitAllocation at(List<Layer> layers, Map<String, Integer> bits) {
        SequencedMap<String, Integer> ordered = new LinkedHashMap<>();
        double spent = 0;
        double noise = 0;
        long weights = 0;
        for (Layer layer : layers) {
            int own = Objects.requireNonNull(bits.get(layer.name()), layer.name());
            ordered.put(layer.name(), own);
            spent += (double) own * layer.weights();
            noise += layer.noiseAt(own);
            weights += layer.weights();
        }
        return new BitAllocation(ordered, spent / weights, noise);
    }

    /// From the fewest bits on, the steps that take away most noise per bit.
    private static List<Step> steps(Layer layer) {
        List<Step> steps = new ArrayList<>();
        int at = layer.noise().firstKey();
        while (true) {
            int from = at;
            Step best = layer.noise().tailMap(from + 1).keySet().stream()
                    .map(to -> new Step(layer, from, to))
                    .max(Comparator.comparingDouble(Step::worth))
                    .filter(step -> step.gain() > 0)
                    .orElse(null);
            if (best == null) {
                return steps;
            }
            steps.add(best);
            at = best.to();
        }
    }

    /// One rule per number of bits that names its layers.
    public List<LayerRule.LayerBits> rules() {
        SortedMap<Integer, List<String>> names = new TreeMap<>();
        bits.forEach((layer, own) ->
                names.computeIfAbsent(own, missing -> new ArrayList<>()).add(layer.replace(".", "[.]")));
        return names.entrySet().stream()
                .map(entry -> new LayerRule.LayerBits("^(" + String.join("|", entry.getValue()) + ")$", entry.getKey()))
                .toList();
    }
}
