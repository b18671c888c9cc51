package dev.quantreel.engines.quant;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// The codes of a weight matrix `[out, in]` in the order in which an integer product reads its right factor: tiles of
/// `[in, outputs]`. Engines use the tiles where they lie, so this is the only copy of the weight. Immutable.
///
/// Codes of up to four bits lie two to a byte: the low nibbles are one run of outputs, the high nibbles the next run,
/// so that an engine unpacks a tile with one shift and one subtraction into two factors that need no shuffling. A run
/// has at most [#WIDTH] outputs, which keeps an unpacked factor and the sums of a few hundred tokens in the cache.
public final class CodeTiles {

    /// Outputs per factor; the width in which ONNX Runtime packs a factor for its kernel.
    public static final int WIDTH = 256;

    /// Columns that are laid out at once; their part of a tile stays in the nearest cache.
    private static final int PIECE = 128;

    private static final int SQUARE = 8;
    private static final ValueLayout.OfLong EIGHT = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
        int pieces = Math.ceilDiv(columns, PIECE);
        tasks.run(result.tiles.size() * pieces, (from, to) -> {
            for (int i = from; i < to; i++) {
                int column = i % pieces * PIECE;
                result.fill(result.tiles.get(i / pieces), rowMajor, column, Math.min(columns, column + PIECE));
            }
        });
        return result;
    }

    /// Lays out the codes by rows, each row in whole bytes, the code of the even column in the low nibble.
    ///
    /// @param into U8 `[out, rowBytes]` of [PackedMatrix]
    void pack(Tensor into, RowTasks tasks) {
        tasks.run(columns, (from, to) -> tiles.forEach(tile -> pack(tile, into, from, to)));
    }

    private void pack(Tile tile, Tensor into, int from, int to) {
        byte[] run = new byte[(to - from) * tile.low];
        MemorySegment.copy(tile.codes.data(), ValueLayout.JAVA_BYTE, (long) from * tile.low, run, 0, run.length);
        byte[] packed = new byte[PackedMatrix.rowBytes(to - from, bits)];
        long rowBytes = PackedMatrix.rowBytes(columns, bits);
        long offset = PackedMatrix.rowBytes(from, bits);
        for (int row = tile.first; row < tile.end(); row++) {
            boolean upper = row - tile.first >= tile.low;
            int at = row - tile.first - (upper ? tile.low : 0);
            int shift = upper ? 4 : 0;
            for (int i = 0; i < packed.length; i++) {
                if (bits > 4) {
                    packed[i] = (byte) (run[i * tile.low + at] + offset());
                    continue;
                }
                int even = run[2 * i * tile.low + at] >> shift & 0xF;
                int odd = 2 * i + 1 < to - from ? run[(2 * i + 1) * tile.low + at] >> shift & 0xF : 0;
                packed[i] = (byte) (even | odd << 4);
            }
            MemorySegment.copy(packed, 0, into.data(), ValueLayout.JAVA_BYTE, row * rowBytes + offset, packed.length);
        }
    }

    /// The codes of rows that [#pack] laid out.
    ///
    /// @param packed U8 `[out, rowBytes]` of [PackedMatrix]
    /// @param rowMajor U8 `[out, in]`, filled
    static void unpack(Tensor packed, int bits, Tensor rowMajor, RowTasks tasks) {
        int columns = Math.toIntExact(rowMajor.shape().dim(1));
        int rowBytes = PackedMatrix.rowBytes(columns, bits);
        tasks.run(Math.toIntExact(rowMajor.shape().dim(0)), (from, to) -> {
            byte[] bytes = new byte[rowBytes];
            byte[] codes = new byte[columns];
            for (int row = from; row < to; row++) {
                long at = (long) row * rowBytes;
                MemorySegment.copy(packed.data(), ValueLayout.JAVA_BYTE, at, bytes, 0, rowBytes);
                if (bits <= 4) {
                    PackedMatrix.unpackRow(bytes, codes);
                }
                byte[] unpacked = bits <= 4 ? codes : bytes;
                MemorySegment.copy(unpacked, 0, rowMajor.data(), ValueLayout.JAVA_BYTE, (long) row * columns, columns);
            }
        });
    }

    /// The same codes in other memory.
    ///
    /// @param codes of the tiles in order, equal to theirs
    CodeTiles in(List<Tensor> codes) {
        List<Tile> moved = new ArrayList<>();
        for (int i = 0; i < codes.size(); i++) {
            Tile tile = tiles.get(i);
            moved.add(new Tile(tile.first, tile.low, tile.high, codes.get(i)));
        }
        return new CodeTiles(columns, bits, moved);
    }

    /// Tiles as a graph holds them.
    ///
    /// @param rows outputs of the matrix
    /// @param codes the tiles in order, `[in, low]` each
    /// @throws IllegalArgumentException when they are not those of so many rows
    public static CodeTiles of(int rows, int bits, List<Tensor> codes) {
        List<Tile> tiles = new ArrayList<>();
        int first = 0;
        for (Tensor tensor : codes) {
            int low = Math.toIntExact(tensor.shape().dim(1));
            int high = bits > 4 || rows - first == 1 ? 0 : low;
            tiles.add(new Tile(first, low, high, tensor));
            first += low + high;
        }
        if (first != rows) {
            throw new IllegalArgumentException(
                    "tiles hold codes of " + first + " outputs, the matrix has " + rows + " rows");
        }
        return new CodeTiles(Math.toIntExact(codes.getFirst().shape().dim(0)), bits, tiles);
    }

    /// The codes of one row.
    ///
    /// @param into one code to a byte, filled from its start
    public void row(int row, byte[] into) {
        for (int column = 0; column < columns; column++) {
            into[column] = (byte) code(row, column);
        }
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

    /// Squares of eight codes by eight are turned in registers; what does not fill a square goes code by code.
    private void fill(Tile tile, Tensor rowMajor, int from, int to) {
        int wholeColumns = to - (to - from) % SQUARE;
        int wholePlaces = tile.low - tile.low % SQUARE;
        long[] square = new long[SQUARE];
        for (int place = 0; place < wholePlaces; place += SQUARE) {
            for (int column = from; column < wholeColumns; column += SQUARE) {
                for (int i = 0; i < SQUARE; i++) {
                    square[i] = eight(tile, rowMajor.data(), place + i, column);
                }
                turn(square);
                for (int i = 0; i < SQUARE; i++) {
                    tile.codes.data().set(EIGHT, (long) (column + i) * tile.low + place, square[i]);
                }
            }
        }
        fillSingly(tile, rowMajor.data(), new Span(0, wholePlaces), new Span(wholeColumns, to));
        fillSingly(tile, rowMajor.data(), new Span(wholePlaces, tile.low), new Span(from, to));
    }

    private record Span(int from, int to) {}

    private void fillSingly(Tile tile, MemorySegment rowMajor, Span places, Span across) {
        for (int place = places.from; place < places.to; place++) {
            for (int column = across.from; column < across.to; column++) {
                int code = rowMajor.get(ValueLayout.JAVA_BYTE, at(tile.first + place, column)) - offset();
                if (tile.high > 0) {
                    code |= rowMajor.get(ValueLayout.JAVA_BYTE, at(tile.first + tile.low + place, column)) << 4;
                }
                tile.codes.data().set(ValueLayout.JAVA_BYTE, (long) column * tile.low + place, (byte) code);
            }
        }
    }

    /// Eight columns at a place of a tile, as its bytes hold them.
    private long eight(Tile tile, MemorySegment rowMajor, int place, int column) {
        long codes = rowMajor.get(EIGHT, at(tile.first + place, column));
        if (tile.high > 0) {
            return codes | rowMajor.get(EIGHT, at(tile.first + tile.low + place, column)) << 4;
        }
        return bits == 8 ? codes ^ 0x8080_8080_8080_8080L : codes;
    }

    private long at(int row, int column) {
        return (long) row * columns + column;
    }

    /// Exchanges rows and columns of eight by eight bytes: blocks of four, then of two, then single ones.
    private static void turn(long[] square) {
        exchange(square, 4, 0x0000_0000_FFFF_FFFFL);
        exchange(square, 2, 0x0000_FFFF_0000_FFFFL);
        exchange(square, 1, 0x00FF_00FF_00FF_00FFL);
    }

    private static void exchange(long[] square, int size, long lower) {
        for (int i = 0; i < SQUARE; i++) {
            if ((i & size) == 0) {
                long a = square[i];
                long b = square[i + size];
                square[i] = a & lower | (b & lower) << 8 * size;
                square[i + size] = a >>> 8 * size & lower | b & ~lower;
            }
        }
    }
}
