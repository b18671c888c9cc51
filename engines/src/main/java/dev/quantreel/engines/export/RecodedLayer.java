package dev.quantreel.engines.export;

/// How the weight of a layer got into a form.
///
/// @param layer name
/// @param bits it was quantized to
/// @param carried as what: `INT8`, `INT4 g128`, `E4M3`, or `values` where it is written in the compute
/// precision
/// @param exact whether the form holds the very weights of the plan
/// @param extraError `|carried - planned| / |planned|`, by the root of the sums of squares; 0 when exact. Where
/// the weight was rounded anew from full precision ([#source]) this is the distance of the two roundings
/// @param source what was rounded
public record RecodedLayer(String layer, int bits, String carried, boolean exact, double extraError, Source source) {

    /// What the carried weight was made from.
    public enum Source {
        /// The plan's weights.
        PLAN,
        /// The full-precision weights, smoothed and rotated as the plan does.
        FULL_PRECISION
    }

    static RecodedLayer exact(String layer, int bits, String carried) {
        return new RecodedLayer(layer, bits, carried, true, 0, Source.PLAN);
    }
}
