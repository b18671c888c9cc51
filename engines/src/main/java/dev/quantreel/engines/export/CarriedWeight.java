package dev.quantreel.engines.export;

import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;

/// The weight of a linear as a form stores it: `W[k, n] ≈ codes[k, n] * scales[.., n] * factors[n] - zeros[..,
/// n]`.
///
/// @param codes I8, I4 or F8_E4M3, `[in, out]`
/// @param scales F32 with values of the compute precision: `[out]`, or `[in / blockSize, out]`
/// @param blockSize inputs that share a scale; 0 where one serves an output
/// @param factors F32 `[out]`, what the rounding of scales to the compute precision took away; the product is
/// multiplied by it. Empty where it is 1
/// @param zeros F32, shaped as `scales`: what is subtracted for every unit of the inputs' sum (of a block),
/// because the plan's codes have a zero point and the form's have none. Empty where it is 0
/// @param report how it got there
record CarriedWeight(
        Tensor codes,
        Tensor scales,
        int blockSize,
        Optional<Tensor> factors,
        Optional<Tensor> zeros,
        RecodedLayer report) {

    CarriedWeight withCodes(Tensor other) {
        return new CarriedWeight(other, scales, blockSize, factors, zeros, report);
    }
}
