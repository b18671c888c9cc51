package dev.quantreel.engines.quant;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// The codes of a weight matrix `[out, in]` in the order in which an integer product reads its right factor: tiles of
/// `[in, outputs]`. Engines use the tiles where they lie, so this is the only copy of the weight. Immutable.
///
/// Codes of up to four bits lie two to a byte: the low nibbles are one run of outputs, the high nibbles the next run,
// so
/// that an engine unpacks a tile with one shift and one subtraction into two factors that need no shuffling. A run has
/// at most [#WIDTH] outputs, which keeps an unpacked factor and the sums of a few hundred tokens in the cache.
public final class CodeTiles {

    /// Outputs per factor; the width in which ONNX Runtime packs a factor for its kernel.
    public static final int WIDTH = 256;

    private final int columns;
    private final int bits;
    private final List<Tile> tiles;

    private CodeTiles(int columns, int bits, List<Tile> tiles) {
        this.columns = columns;
        this.bits = bits;
        this.tiles = List.copyOf(tiles);
    }

    /// Outputs `first` to `first + low + high`.
    ///
    /// @param first row of the matrix that the first column of the tile holds
    /// @param low outputs in the low nibbles, or in whole bytes
    /// @param high outputs in the high nibbles; 0 for whole bytes, or for a last row without a partner
    /// @param codes `[in, low]`: U8 with two codes to a byte, or I8 with `code - offset`, see [#offset]
    public record Tile(int first, int low, int high, Tensor codes) {
        private int end() {
            return first + low + high;
        }
    }

    /// Lays out codes.
    ///
    /// @param rowMajor U8 `[out, in]`, one code to a byte
    static CodeTiles of(Tensor rowMajor, int bits, RowTasks tasks) {
        int rows = Math.toIntExact(rowMajor.shape().dim(0));
        int columns = Math.toIntExact(rowMajor.shape().dim(1));
        CodeTiles result = new CodeTiles(columns, bits, partition(rows, columns, bits));
        tasks.run(columns, (from, to) -> result.tiles.forEach(tile -> result.fill(tile, rowMajor, from, to)));
        return result;
    }

    public List<Tile> tiles() {
        return tiles;
    }

    int columns() {
        return columns;
    }

    int bits() {
        return bits;
    }

    /// What is subtracted from a code in a tile of whole bytes: 128 for 8-bit codes, so that they fit I8; else 0.
    public int offset() {
        return bits == 8 ? 128 : 0;
    }

    int code(int row, int column) {
        int index = row / (bits <= 4 ? 2 * WIDTH : WIDTH);
        Tile tile = tiles.get(index);
        if (row >= tile.end()) {
            tile = tiles.get(index + 1);
        }
        int place = row - tile.first;
        boolean upper = place >= tile.low;
        long at = (long) column * tile.low + (upper ? place - tile.low : place);
        int value = tile.codes.data().get(ValueLayout.JAVA_BYTE, at);
        if (bits > 4) {
            return value + offset();
        }
        return upper ? (value >> 4) & 0xF : value & 0xF;
    }

    /// All tiles but the last one or two are full; a single last row gets its own.
    private static List<Tile> partition(int rows, int columns, int bits) {
        List<Tile> tiles = new ArrayList<>();
        int first = 0;
        while (first < rows) {
            int rest = rows - first;
            int low = bits > 4 ? Math.min(rest, WIDTH) : Math.min(Math.max(1, rest / 2), WIDTH);
            int high = bits > 4 || rest == 1 ? 0 : low;
            DType dtype = bits > 4 ? DType.I8 : DType.U8;
            tiles.add(new Tile(first, low, high, Tensor.zeros(dtype, Shape.of(columns, low))));
            first += low + high;
        }
        return tiles;
    }

    private void fill(Tile tile, Tensor rowMajor, int from, int to) {
        byte[] run = new byte[to - from];
        byte[] bytes = new byte[run.length * tile.low];
        for (int row = tile.first; row < tile.end(); row++) {
            long start = (long) row * columns + from;
            MemorySegment.copy(rowMajor.data(), ValueLayout.JAVA_BYTE, start, run, 0, run.length);
            boolean upper = row - tile.first >= tile.low;
            int place = row - tile.first - (upper ? tile.low : 0);
            for (int i = 0; i < run.length; i++) {
                int at = i * tile.low + place;
                bytes[at] = (byte) (upper ? bytes[at] | run[i] << 4 : run[i] - offset());
            }
        }
        MemorySegment.copy(bytes, 0, tile.codes.data(), ValueLayout.JAVA_BYTE, (long) from * tile.low, bytes.length);
    }
}
