package dev.quantreel.engines.synth;

import dev.quantreel.engines.synth.FusedTensor.Part;

/// Seeded random weights. The values of a canonical tensor depend on the seed and its canonical name alone, row by
/// row:
/// every layout, and any number of threads, gives the same model. Immutable; safe for many threads.
final class SyntheticWeights {

    private static final long ROW_STRIDE = 0xD1B54A32D192ED03L;

    private final long seed;
    private final TailedGaussian gaussian = new TailedGaussian();

    SyntheticWeights(long seed) {
        this.seed = seed;
    }

    /// Writes some rows of a tensor as its file has them.
    ///
    /// @param fromRow first row, counted across all parts where they are joined by rows
    /// @param target receives `rows * rowElements` values from its start
    void fill(FusedTensor tensor, long fromRow, int rows, float[] target) {
        int offset = 0;
        for (long row = fromRow; row < fromRow + rows; row++) {
            if (tensor.axis() == 1) {
                for (Part part : tensor.parts()) {
                    offset = row(part, row, target, offset);
                }
            } else {
                long rest = row;
                int index = 0;
                while (rest >= tensor.parts().get(index).rows()) {
                    rest -= tensor.parts().get(index).rows();
                    index++;
                }
                offset = row(tensor.parts().get(index), rest, target, offset);
            }
        }
    }

    private int row(Part part, long row, float[] target, int offset) {
        int count = Math.toIntExact(part.rowElements());
        long stream = TailedGaussian.mix(TailedGaussian.mix(seed ^ hash(part.canonical())) + row * ROW_STRIDE);
        WeightLaw law = WeightLaw.of(part.canonical(), part.shape()).row(gaussian.first(~stream));
        gaussian.fill(target, offset, count, stream, law);
        return offset + count;
    }

    /// FNV-1a, 64 bits.
    private static long hash(String name) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001B3L;
        }
        return hash;
    }
}
