package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// ONNX Runtime's fused attention operators, by their plain definitions.
final class Attentions {

    private Attentions() {}

    /// Inputs query, key, value `[batch, tokens, heads * headDim]`, and at 5 a bias of the scores.
    static NdArray multiHead(NodeCall call) {
        if (call.has(3) || call.has(4) || call.has(6) || call.integer("unidirectional", 0) == 1) {
            throw new IllegalArgumentException("only query, key, value and attention bias are supported");
        }
        int heads = call.integer("num_heads", 1);
        NdArray q = perHead(call.in(0), heads, 0, 2, 1, 3);
        NdArray k = perHead(call.in(1), heads, 0, 2, 3, 1);
        NdArray v = perHead(call.in(2), heads, 0, 2, 1, 3);
        float given = call.real("scale", 0);
        double scale = given == 0 ? 1 / Math.sqrt(q.dim(3)) : given;
        NdArray scores = Products.matMul(DType.F32, q, k).map(s -> scale * s);
        NdArray biased = call.has(5) ? NdArray.zip(DType.F32, scores, call.in(5), Double::sum) : scores;
        NdArray mixed = Products.matMul(DType.F32, Normalizations.softmax(biased, -1), v);
        return ShapeOps.transpose(mixed, new int[] {0, 2, 1, 3})
                .reshaped(call.in(0).dim(0), call.in(0).dim(1), call.in(2).dim(2));
    }

    private static NdArray perHead(NdArray x, int heads, int... order) {
        return ShapeOps.transpose(x.reshaped(x.dim(0), x.dim(1), heads, x.dim(2) / heads), order);
    }

    /// Inputs x `[batch, tokens, heads * headDim]`, first position, cos and sin `[positions, headDim / 2]`;
    /// pairs side by side (interleaved) or half a head apart.
    static NdArray rotary(NodeCall call) {
        NdArray x = call.in(0);
        if (call.in(1).size() != 1 || x.rank() != 3) {
            throw new IllegalArgumentException("only one first position and 3 axes are supported");
        }
        int first = (int) call.in(1).get(0);
        NdArray cos = call.in(2);
        NdArray sin = call.in(3);
        int half = cos.dim(1);
        int width = x.dim(2);
        if (call.integer("interleaved", 0) == 0) {
            return NdArray.of(DType.F32, x.dims(), flat -> {
                int token = flat / width % x.dim(1) + first;
                int within = flat % width % (2 * half);
                double c = cos.get(token * half + within % half);
                double s = sin.get(token * half + within % half);
                return within < half
                        ? x.get(flat) * c - x.get(flat + half) * s
                        : x.get(flat - half) * s + x.get(flat) * c;
            });
        }
        return NdArray.of(DType.F32, x.dims(), flat -> {
            int token = flat / width % x.dim(1) + first;
            int pair = flat % width % (2 * half) / 2;
            double c = cos.get(token * half + pair);
            double s = sin.get(token * half + pair);
            return flat % 2 == 0 ? x.get(flat) * c - x.get(flat + 1) * s : x.get(flat - 1) * s + x.get(flat) * c;
        });
    }

    /// A norm of rows or heads, then [#rotary].
    static NdArray normRotary(NodeCall call) {
        NdArray x = call.in(0);
        int heads = call.integer("num_heads", 1);
        int head = x.dim(2) / heads;
        NdArray rows = call.integer("per_head", 0) == 1 ? x.reshaped(x.dim(0), x.dim(1), heads, head) : x;
        List<Optional<NdArray>> normInputs =
                List.of(Optional.of(rows), call.inputs().get(1), call.inputs().get(2));
        NdArray y = Normalizations.modulated(new NodeCall(call.node(), normInputs));
        NdArray split = call.integer("angles_per_head", 0) == 1
                ? y.reshaped(x.dim(0), x.dim(1) * heads, head)
                : y.reshaped(x.dims());
        List<Optional<NdArray>> rotaryInputs = new ArrayList<>(call.inputs().subList(3, 6));
        rotaryInputs.addFirst(Optional.of(split));
        return rotary(new NodeCall(call.node(), rotaryInputs)).reshaped(x.dims());
    }
}
