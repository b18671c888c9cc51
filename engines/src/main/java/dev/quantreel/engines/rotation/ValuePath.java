package dev.quantreel.engines.rotation;

import java.util.List;

/// Where values of an attention come from and where its outputs go, with nothing between that tells the channels of a
/// head apart: no norm, no rotary position. A rotation within heads may then move from the outputs' inputs into the
/// values' weights, since the softmax mixes tokens alone.
///
/// @param values linears that make values of this attention, canonical names without `.weight`
/// @param outputs linears that read its result
/// @param headDim channels of a head
public record ValuePath(List<String> values, List<String> outputs, int headDim) {
    public ValuePath {
        values = List.copyOf(values);
        outputs = List.copyOf(outputs);
    }
}
