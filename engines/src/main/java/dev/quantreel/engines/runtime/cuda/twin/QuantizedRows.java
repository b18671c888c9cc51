package dev.quantreel.engines.runtime.cuda.twin;

/// What quantizing rows gives: codes `[rows, width]` (multiplied where the format multiplies), scales
/// `[rows, scalesPerRow]` and the sums of the codes.
public final class QuantizedRows {

    private final int width;
    private final int scalesPerRow;
    private final byte[] codes;
    private final float[] scales;
    private final int[] sums;

    QuantizedRows(int rows, int width, int scalesPerRow) {
        this.width = width;
        this.scalesPerRow = scalesPerRow;
        this.codes = new byte[rows * width];
        this.scales = new float[rows * scalesPerRow];
        this.sums = new int[rows];
    }

    void set(int row, int column, int code) {
        codes[row * width + column] = (byte) code;
        sums[row] += code;
    }

    void setScale(int row, int block, float scale) {
        scales[row * scalesPerRow + block] = scale;
    }

    /// S8 `[rows, width]`, a copy.
    public byte[] codes() {
        return codes.clone();
    }

    /// Two codes to a byte, the even column in the low nibble.
    public byte[] nibbles() {
        byte[] nibbles = new byte[codes.length / 2];
        for (int i = 0; i < nibbles.length; i++) {
            nibbles[i] = (byte) (codes[2 * i] & 0xF | codes[2 * i + 1] << 4);
        }
        return nibbles;
    }

    /// F32 `[rows, scalesPerRow]`, a copy.
    public float[] scales() {
        return scales.clone();
    }

    /// S32 `[rows]`, a copy.
    public int[] sums() {
        return sums.clone();
    }
}
