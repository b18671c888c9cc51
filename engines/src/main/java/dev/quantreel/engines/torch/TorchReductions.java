package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Operators that draw an axis together, and what is made of them.
final class TorchReductions {

    private TorchReductions() {}

    private static int[] axes(TorchNode call, NDArray x) {
        return call.has(1)
                ? Arrays.stream(call.longs(1))
                        .mapToInt(axis -> TorchNode.axis(x, axis))
                        .toArray()
                : IntStream.range(0, x.getShape().dimension()).toArray();
    }

    private static boolean keeps(TorchNode call) {
        return call.integer("keepdims", 1) == 1;
    }

    static NDArray sum(TorchNode call) {
        NDArray x = call.in(0);
        return x.sum(axes(call, x), keeps(call));
    }

    static NDArray mean(TorchNode call) {
        NDArray x = call.in(0);
        return x.mean(axes(call, x), keeps(call));
    }

    static NDArray norm(TorchNode call) {
        NDArray x = call.in(0);
        return x.mul(x).sum(axes(call, x), keeps(call)).sqrt();
    }

    /// The largest or the smallest, axis after axis.
    static NDArray extreme(TorchNode call, boolean largest) {
        NDArray x = call.in(0);
        int[] axes = axes(call, x);
        NDArray result = x;
        for (int axis : axes) {
            int[] one = {axis};
            result = largest ? result.max(one, true) : result.min(one, true);
        }
        return keeps(call) ? result : result.squeeze(axes);
    }

    /// Over the last axis.
    static NDArray layerNorm(TorchNode call) {
        NDArray x = call.in(0);
        int[] last = {x.getShape().dimension() - 1};
        if (TorchNode.axis(x, call.integer("axis", -1)) != last[0]) {
            throw new IllegalArgumentException("only the last axis is normalised");
        }
        NDArray centred = x.sub(x.mean(last, true));
        NDArray variance = centred.mul(centred).mean(last, true);
        NDArray epsilon = TorchElementwise.number(x, call.real("epsilon", 1e-5f));
        NDArray normal = centred.div(variance.add(epsilon).sqrt()).mul(call.in(1));
        return call.has(2) ? normal.add(call.in(2)) : normal;
    }
}
