package dev.quantreel.engines.lowrank;

import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// The branches of a model by layer, any number of any rank beside each. Immutable.
public final class LowRankBranches {

    /// No branches.
    public static final LowRankBranches NONE = new LowRankBranches(new LinkedHashMap<>());

    private final SequencedMap<String, List<LowRankBranch>> byLayer;

    private LowRankBranches(SequencedMap<String, List<LowRankBranch>> byLayer) {
        this.byLayer = Collections.unmodifiableSequencedMap(byLayer);
    }

    /// @param byLayer names as in [dev.quantreel.engines.dit.LinearLayers], canonical weight keys without `.weight`
    /// @throws IllegalArgumentException when branches of one layer read or write different numbers of channels
    public static LowRankBranches of(Map<String, List<LowRankBranch>> byLayer) {
        SequencedMap<String, List<LowRankBranch>> copy = new LinkedHashMap<>();
        byLayer.forEach((layer, branches) -> {
            requireOneSize(layer, branches);
            if (!branches.isEmpty()) {
                copy.put(layer, List.copyOf(branches));
            }
        });
        return new LowRankBranches(copy);
    }

    private static void requireOneSize(String layer, List<LowRankBranch> branches) {
        for (LowRankBranch branch : branches) {
            LowRankBranch first = branches.getFirst();
            if (branch.inputs() != first.inputs() || branch.outputs() != first.outputs()) {
                throw new IllegalArgumentException("the branches of " + layer + " have different sizes: "
                        + first.outputs() + "x" + first.inputs() + " and " + branch.outputs() + "x"
                        + branch.inputs());
            }
        }
    }

    /// These and others: the outputs of all branches of a layer are added up.
    public LowRankBranches plus(LowRankBranches others) {
        SequencedMap<String, List<LowRankBranch>> both = new LinkedHashMap<>(byLayer);
        others.byLayer.forEach((layer, more) -> both.merge(layer, more, (a, b) -> {
            List<LowRankBranch> joined = new ArrayList<>(a);
            joined.addAll(b);
            return joined;
        }));
        return of(both);
    }

    /// The branches of a layer; none for most.
    public List<LowRankBranch> of(String layer) {
        return byLayer.getOrDefault(layer, List.of());
    }

    /// Layers that have branches, by name.
    public SequencedMap<String, List<LowRankBranch>> byLayer() {
        return byLayer;
    }

    public boolean isEmpty() {
        return byLayer.isEmpty();
    }

    /// Bytes of all matrices; one that several layers share counts once.
    public long bytes() {
        Set<Tensor> distinct = new HashSet<>();
        byLayer.values()
                .forEach(branches -> branches.forEach(branch -> {
                    distinct.add(branch.down());
                    distinct.add(branch.up());
                }));
        return distinct.stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
    }
}
