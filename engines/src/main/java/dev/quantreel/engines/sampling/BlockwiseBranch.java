package dev.quantreel.engines.sampling;

import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.schedule.BlockTracker;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// One branch of guidance whose blocks have activation bits of their own: the state of one generation, and of one of
/// the calls that a solver makes in a step.
final class BlockwiseBranch {

    private final SplitModel.BlockwiseTrunk trunk;
    private final Branch branch;
    private final BlockTracker tracker;
    private List<Tensor> contributions = List.of();
    private SamplingTrace.BlockBits last = SamplingTrace.BlockBits.NONE;

    BlockwiseBranch(SplitModel.BlockwiseTrunk trunk, Branch branch, BlockTracker tracker) {
        this.trunk = trunk;
        this.branch = branch;
        this.tracker = tracker;
    }

    /// Names of the blocks in the order they run.
    List<String> names() {
        return trunk.blocks();
    }

    /// Runs the blocks.
    Tensor trunk(int step, Prelude prelude, CancellationToken cancellation) {
        List<Integer> bits = tracker.bits(step, trunk.blocks().size());
        SplitModel.Blockwise out = trunk.run(prelude, branch, bits, cancellation);
        List<Double> changes = changes(out.contributions());
        if (!contributions.isEmpty()) {
            tracker.observed(step, changes);
        }
        contributions = out.contributions();
        last = new SamplingTrace.BlockBits(bits, changes);
        return out.tokens();
    }

    private List<Double> changes(List<Tensor> now) {
        if (contributions.isEmpty()) {
            return Collections.nCopies(now.size(), Double.NaN);
        }
        List<Double> changes = new ArrayList<>();
        for (int i = 0; i < now.size(); i++) {
            changes.add(LatentMetrics.relativeL1(now.get(i), contributions.get(i)));
        }
        return changes;
    }

    /// A step cache answered for the branch.
    void skipped(int step) {
        tracker.skipped(step);
        last = SamplingTrace.BlockBits.NONE;
    }

    /// What the blocks had at the last step.
    SamplingTrace.BlockBits last() {
        return last;
    }
}
