package dev.quantreel.engines.quant;

/// Weight bytes of a model before and after quantization, with everything that is kept counted at 16 bits per value,
/// as published figures count it.
///
/// @param originalBytes all tensors at 16 bits per value
/// @param quantizedBytes codes, steps and zero points of the quantized layers
/// @param keptBytes all other tensors at 16 bits per value
public record WeightMemory(long originalBytes, long quantizedBytes, long keptBytes) {

    /// With more kept beside the weights, such as low-rank branches, which the original does not have.
    public WeightMemory plus(long moreKeptBytes) {
        return new WeightMemory(originalBytes, quantizedBytes, keptBytes + moreKeptBytes);
    }

    public long bytes() {
        return quantizedBytes + keptBytes;
    }

    /// How many times smaller the weights have become.
    public double ratio() {
        return bytes() == 0 ? 1 : (double) originalBytes / bytes();
    }
}
