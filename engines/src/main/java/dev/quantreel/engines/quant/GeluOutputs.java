package dev.quantreel.engines.quant;

import java.util.regex.Pattern;

/// Inputs of linears that come out of a GELU. They never fall below -0.1701, so with 0.171875 added, as SVDQuant's
/// kernels do, they are not negative and take unsigned codes; what the shift adds to the output, `0.171875 rowsum(Ŵ)`
/// of the weight as it is multiplied, is taken off again exactly.
public final class GeluOutputs {

    /// What is added: 11/64.
    public static final float SHIFT = 0.171875f;

    /// The second matrix of an MLP, by the names of all families.
    private static final Pattern READERS =
            Pattern.compile("(^|\\.)(ffn|ff\\.net|ff_context\\.net|img_mlp|txt_mlp)\\.2$|(^|\\.)linear2\\.mlp$");

    private GeluOutputs() {}

    /// Whether a layer reads the output of a GELU.
    public static boolean feed(String layer) {
        return READERS.matcher(layer).find();
    }
}
