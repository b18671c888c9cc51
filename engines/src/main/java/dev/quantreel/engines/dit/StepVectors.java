package dev.quantreel.engines.dit;

import dev.quantreel.engines.dit.EarlyGraphs.Part;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The vectors of [EarlyGraphs] during one generation. At the first step they are computed for all timesteps that are
/// announced, in portions of at most [#PORTION_BYTES]; a timestep that was not announced is computed when it comes.
final class StepVectors {

    /// Vectors that are held at once for one part and branch; HunyuanVideo has 4.4 MB a step.
    static final long PORTION_BYTES = 256L << 20;

    private final EarlyGraphs graphs;
    private final long portionBytes;
    private final Map<Place, Map<Float, Map<String, Tensor>>> known = new HashMap<>();
    private List<Float> announced = List.of();

    /// Where vectors are read.
    ///
    /// @param branch whose conditioning they follow from
    /// @param size of the latent, on which the number of timesteps may depend
    record Place(Part part, Branch branch, LatentSize size) {

        Place of(Part other) {
            return new Place(other, branch, size);
        }
    }

    /// What a part reads at one time.
    interface Pools {

        /// @param inputs names of what is read
        Map<String, Tensor> at(float timestep, List<String> inputs);
    }

    StepVectors(EarlyGraphs graphs, long portionBytes) {
        this.graphs = graphs;
        this.portionBytes = portionBytes;
    }

    /// Says at which timesteps vectors will be wanted, in this order.
    void announce(List<Float> timesteps) {
        announced = List.copyOf(timesteps);
        known.clear();
    }

    /// The vectors of one time; none where nothing of the part is computed early.
    Map<String, Tensor> of(Place place, float timestep, Pools pools, CancellationToken cancellation) {
        if (!graphs.has(place.part)) {
            return Map.of();
        }
        Map<String, Tensor> vectors = known.getOrDefault(place, Map.of()).get(timestep);
        if (vectors != null) {
            return vectors;
        }
        known.remove(place);
        Map<Float, Map<String, Tensor>> portion = portion(place.part, timestep, pools, cancellation);
        known.put(place, portion);
        return Objects.requireNonNull(portion.get(timestep));
    }

    /// The vectors from one time on.
    private Map<Float, Map<String, Tensor>> portion(
            Part part, float from, Pools pools, CancellationToken cancellation) {
        Map<Float, Map<String, Tensor>> portion = new HashMap<>();
        try (EarlyGraphs.Run run = graphs.open(part, cancellation)) {
            Map<String, Tensor> first = run.vectors(pools.at(from, run.inputs()));
            portion.put(from, first);
            long bytes = first.values().stream()
                    .mapToLong(vector -> vector.data().byteSize())
                    .sum();
            long more = portionBytes / Math.max(1, bytes) - 1;
            int next = announced.indexOf(from) + 1;
            for (int i = next; next > 0 && i < announced.size() && i < next + more; i++) {
                float timestep = announced.get(i);
                portion.put(timestep, run.vectors(pools.at(timestep, run.inputs())));
            }
        }
        return portion;
    }
}
