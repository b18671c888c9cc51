package dev.quantreel.engines.export;

/// What is asked of an export.
///
/// @param form how products are written
/// @param precision of the products of typed forms; [ExportForm#INTEGER] computes in F32 whatever it says
/// @param blockSize inputs that share a scale in [ExportForm#INT4], where columns and groups are divisible by
/// it
/// @param recoding of weights that do not fit the form
/// @param activationBits of [ExportForm#INTEGER], whose graph can have activations of 4 to 8 bits; 0 makes them
/// a graph input. The other forms have 8, or none
/// @param bothBranches whether the trunk that runs both branches of guidance at once is written too
public record ExportSettings(
        ExportForm form,
        ComputePrecision precision,
        int blockSize,
        RecodingPolicy recoding,
        int activationBits,
        boolean bothBranches) {

    /// Inputs that share a scale in INT4, the usual number.
    public static final int BLOCK = 128;

    private static final int LEAST_BLOCK = 16;

    public ExportSettings {
        if (blockSize < LEAST_BLOCK || Integer.bitCount(blockSize) != 1) {
            throw new IllegalArgumentException(
                    "INT4 blocks have " + blockSize + " inputs; powers of two from " + LEAST_BLOCK + " are accepted");
        }
        if (activationBits != 0 && (activationBits < 2 || activationBits > 8)) {
            throw new IllegalArgumentException(
                    "activation bits is " + activationBits + "; 2 to 8 are accepted, or 0 for a graph input");
        }
    }

    /// The usual settings of a form.
    public static ExportSettings of(ExportForm form, ComputePrecision precision) {
        return new ExportSettings(form, precision, BLOCK, RecodingPolicy.REQUANTIZE, 0, false);
    }

    public ExportSettings with(RecodingPolicy policy) {
        return new ExportSettings(form, precision, blockSize, policy, activationBits, bothBranches);
    }

    public ExportSettings withBlockSize(int size) {
        return new ExportSettings(form, precision, size, recoding, activationBits, bothBranches);
    }

    public ExportSettings withActivationBits(int bits) {
        return new ExportSettings(form, precision, blockSize, recoding, bits, bothBranches);
    }

    public ExportSettings withBothBranches(boolean both) {
        return new ExportSettings(form, precision, blockSize, recoding, activationBits, both);
    }
}
