package dev.quantreel.engines.runtime.cuda.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Where packed weights hold each element of a matrix `[rows, columns]` of signed codes: the order of fragments
/// in which all low-bit products read them, whatever the chip and the bits of the activation (`gemm_layout.cuh`
/// says why).
///
/// Rows lie in panels of 64, a panel as `[columns / unit][4 blocks of 16 rows][32 lanes][16 bytes]` with units
/// of 64 columns at 4 bits and 32 at 8. Lane `4 g + t` of a block holds columns `8 t .. 8 t + 7` of every 32,
/// of its rows g and g + 8. Rows are padded to 64, columns to 128, with zeros.
///
/// @param rows output channels, at least 1
/// @param columns input channels, a multiple of 32
/// @param bits of a code: 4 (-8 to 7) or 8
public record PackedLayout(int rows, int columns, int bits) {

    /// Rows of a panel.
    public static final int PANEL_ROWS = 64;

    /// Columns are padded to a multiple of this.
    public static final int COLUMN_STEP = 128;

    /// Columns that lie together.
    static final int PIECE = 8;

    private static final int LANE_BYTES = 16;
    private static final int BLOCK_BYTES = 32 * LANE_BYTES;
    private static final int UNIT_BYTES = 4 * BLOCK_BYTES;
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public PackedLayout {
        if (rows < 1 || columns < 32 || columns % 32 != 0 || bits != 4 && bits != 8) {
            throw new IllegalArgumentException("packed weights of " + rows + " rows, " + columns + " columns and "
                    + bits + " bits; accepted are at least 1 row, columns in multiples of 32, and 4 or 8 bits");
        }
    }

    public int panels() {
        return Math.ceilDiv(rows, PANEL_ROWS);
    }

    /// Columns with their padding.
    public int paddedColumns() {
        return Math.ceilDiv(columns, COLUMN_STEP) * COLUMN_STEP;
    }

    /// Bytes of 64 rows.
    public long panelBytes() {
        return (long) PANEL_ROWS * paddedColumns() * bits / 8;
    }

    /// Bytes of all rows with padding.
    public long bytes() {
        return panels() * panelBytes();
    }

    /// Offset, from the start of its panel, of the word that holds columns `column` to `column + 7` of a row (4
    /// bits), or the first four of them (8 bits; the others follow 8 bytes later).
    ///
    /// @param row within the panel
    /// @param column a multiple of 8
    int pieceOffset(int row, int column) {
        int lane = 4 * (row % 8) + column % 32 / PIECE;
        int upper = row % 16 / 8;
        int unitColumns = bits == 4 ? 64 : 32;
        int word = bits == 4 ? upper + 2 * (column % 64 / 32) : upper;
        int unit = column / unitColumns;
        return unit * UNIT_BYTES + row / 16 * BLOCK_BYTES + lane * LANE_BYTES + word * 4;
    }

    /// Writes eight codes.
    ///
    /// @param panel the bytes of one panel
    /// @param codes from `at` on
    void put(MemorySegment panel, int row, int column, byte[] codes, int at) {
        int offset = pieceOffset(row, column);
        if (bits == 4) {
            int word = 0;
            for (int i = 0; i < PIECE; i++) {
                word |= (codes[at + i] & 0xF) << 4 * i;
            }
            panel.set(WORD, offset, word);
            return;
        }
        panel.set(WORD, offset, bytes(codes, at));
        panel.set(WORD, offset + 8L, bytes(codes, at + 4));
    }

    private static int bytes(byte[] codes, int at) {
        return codes[at] & 0xFF
                | (codes[at + 1] & 0xFF) << 8
                | (codes[at + 2] & 0xFF) << 16
                | (codes[at + 3] & 0xFF) << 24;
    }

    /// The code of one element: the inverse of packing.
    ///
    /// @param packed all panels, in host memory
    public int code(MemorySegment packed, int row, int column) {
        long panel = row / PANEL_ROWS * panelBytes();
        long offset = panel + pieceOffset(row % PANEL_ROWS, column / PIECE * PIECE);
        int within = column % PIECE;
        if (bits == 4) {
            return packed.get(WORD, offset) << 28 - 4 * within >> 28;
        }
        return packed.get(ValueLayout.JAVA_BYTE, offset + within / 4 * 8 + within % 4);
    }
}
