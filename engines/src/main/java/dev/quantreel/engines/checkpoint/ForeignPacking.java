package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Set;

/// Recognises weights that other tools packed in ways that are not read here, to say what they are.
final class ForeignPacking {

    /// @param part occurs in a tensor name of such a file
    /// @param name what packed it
    private record Sign(String part, String name) {}

    private static final List<Sign> SIGNS = List.of(
            new Sign(".quant_state.bitsandbytes__", "bitsandbytes (nf4 or fp4)"),
            new Sign(".weight.absmax", "bitsandbytes (nf4 or fp4)"),
            new Sign(".SCB", "bitsandbytes (LLM.int8)"),
            new Sign(".proj_down", "SVDQuant (nunchaku)"),
            new Sign(".wscales", "SVDQuant or AWQ (nunchaku)"),
            new Sign(".qweight", "GPTQ or AWQ"),
            new Sign(".weight_packed", "compressed-tensors"),
            new Sign(".weight_s_rel", "asym_w4a8_int8"),
            new Sign("._data", "optimum-quanto"));

    private static final Set<DType> CODES = Set.of(DType.I8, DType.U8, DType.F4, DType.I32, DType.U32, DType.I16);

    private ForeignPacking() {}

    /// @throws CheckpointException when a name shows another tool's packing
    static void refuse(Checkpoint stored) {
        for (String name : stored.names()) {
            for (Sign sign : SIGNS) {
                if (name.contains(sign.part)) {
                    throw CheckpointException.foreign(
                            stored.source(),
                            name,
                            "the weights are packed by " + sign.name + ", which cannot be read; " + Decoding.ACCEPTED);
                }
            }
        }
    }

    /// @param known packed weights that were recognised
    /// @throws CheckpointException when another weight is an integer matrix
    static void refuseIntegers(Checkpoint stored, Set<String> known) {
        for (String name : stored.names()) {
            if (name.endsWith(Decoding.WEIGHT) && CODES.contains(stored.dtype(name)) && !known.contains(name)) {
                String layer = name.substring(0, name.length() - Decoding.WEIGHT.length());
                throw CheckpointException.foreign(
                        stored.source(),
                        name,
                        "is " + stored.dtype(name) + " and nothing says how it is quantized; expected a tensor " + layer
                                + QuantizedLayer.MARKER + " or an entry of " + QuantizedLayer.METADATA
                                + " in the metadata");
            }
        }
    }
}
