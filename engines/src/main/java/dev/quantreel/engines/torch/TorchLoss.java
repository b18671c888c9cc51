package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;

/// [Objective] in PyTorch.
///
/// @param error relative square, mean over the outputs
/// @param temporal sum of the divergences of the rows
/// @param total what is differentiated
record TorchLoss(NDArray error, NDArray temporal, NDArray total) {

    private static final int[] LAST = {1};

    static TorchLoss of(TorchValues values, Map<String, Tensor> targets, Objective objective) {
        NDManager manager = values.manager();
        NDArray error = manager.create(0f);
        NDArray temporal = manager.create(0f);
        for (Map.Entry<String, Tensor> wanted : targets.entrySet()) {
            NDArray target = TorchValues.array(manager, wanted.getValue());
            NDArray output = values.array(wanted.getKey());
            NDArray difference = output.sub(target);
            double power = Math.max(target.mul(target).sum().getFloat(), Float.MIN_NORMAL);
            NDArray share = manager.create((float) (1 / power / targets.size()));
            error = error.add(difference.mul(difference).sum().mul(share));
            Objective.Clip clip = objective.clip().orElse(null);
            if (clip != null && clip.output().equals(wanted.getKey())) {
                temporal = divergence(logRows(target, clip.frames()), logRows(output, clip.frames()));
            }
        }
        return new TorchLoss(
                error, temporal, error.add(temporal.mul(manager.create((float) objective.temporalWeight()))));
    }

    /// Log of the distribution of each frame over all.
    private static NDArray logRows(NDArray tokens, int frames) {
        NDArray rows = tokens.reshape(frames, -1);
        NDArray norms = rows.mul(rows)
                .sum(LAST, true)
                .add(TorchElementwise.number(rows, Float.MIN_NORMAL))
                .sqrt();
        NDArray unit = rows.div(norms);
        return unit.matMul(unit.transpose(1, 0)).logSoftmax(1);
    }

    private static NDArray divergence(NDArray reference, NDArray test) {
        return reference.exp().mul(reference.sub(test)).sum();
    }
}
