package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The codes of a [QuantizedMatrix] with integer weights as signed integers, read from its tiles.
final class QuantizedCodes implements SignedCodes {

    private final QuantizedMatrix weights;
    private final boolean multiples;
    private final int offset;

    QuantizedCodes(QuantizedMatrix weights) {
        this.weights = weights;
        this.multiples = weights.grids().areMultiples();
        this.offset = weights.bits() <= 4 ? 8 : 1 << weights.bits() - 1;
    }

    /// Bits of a signed code, 4 or 8. Multiples of a row's step lie in -127 to 127.
    int bits() {
        return weights.bits() <= 4 && !multiples ? 4 : 8;
    }

    /// The signed code of 0.
    int zero(int row) {
        return multiples ? 0 : weights.zeroPoint(row) - offset;
    }

    /// Where a row lies: codes at `place + column * pitch` of its tile, in the upper or lower half of a byte.
    private record Place(MemorySegment tile, int pitch, int place, int shift) {}

    @Override
    public void read(Block block, byte[] into) {
        int tileOffset = weights.tiles().offset();
        boolean nibbles = weights.bits() <= 4;
        for (int row = 0; row < block.rows(); row++) {
            Place place = place(block.firstRow() + row);
            for (int i = 0; i < block.columns(); i++) {
                long at = (long) (block.firstColumn() + i) * place.pitch + place.place;
                int stored = place.tile.get(ValueLayout.JAVA_BYTE, at);
                int code = nibbles ? stored >> place.shift & 0xF : stored + tileOffset;
                into[row * block.columns() + i] = (byte) (multiples ? code : code - offset);
            }
        }
        if (multiples) {
            multiply(block, into);
        }
    }

    private void multiply(Block block, byte[] into) {
        int groupSize = weights.groupSize();
        for (int row = 0; row < block.rows(); row++) {
            for (int i = 0; i < block.columns(); i++) {
                int group = (block.firstColumn() + i) / groupSize;
                int zero = weights.grids().zeroPoint(block.firstRow() + row, group);
                int multiplier = weights.grids().multiplier(block.firstRow() + row, group);
                int at = row * block.columns() + i;
                into[at] = (byte) (((into[at] & 0xFF) - zero) * multiplier);
            }
        }
    }

    private Place place(int row) {
        for (CodeTiles.Tile tile : weights.tiles().tiles()) {
            int within = row - tile.first();
            if (within < tile.low() + tile.high()) {
                boolean upper = within >= tile.low();
                return new Place(tile.codes().data(), tile.low(), upper ? within - tile.low() : within, upper ? 4 : 0);
            }
        }
        throw new IndexOutOfBoundsException("row " + row + " of " + weights.rows());
    }
}
