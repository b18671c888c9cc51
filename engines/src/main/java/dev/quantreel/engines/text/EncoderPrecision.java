package dev.quantreel.engines.text;

/// How the matrices of a text encoder are held while it runs; norms and attention stay F32, and the embedding table
/// stays in the file.
///
/// @param bits 32 (as in the file, widened), 8 or 4
/// @param blockSize inputs that share a step and zero point: 16, 32, 64, 128 or 256; 0 where `bits` is 32
public record EncoderPrecision(int bits, int blockSize) {

    /// The weights of the file as F32.
    public static final EncoderPrecision FULL = new EncoderPrecision(32, 0);

    /// A byte per weight, one step for 32 inputs: a quarter of the memory. ONNX Runtime multiplies in integers, with
    /// activations rounded to 8 bits in the same blocks, so that an outlier costs its own block alone.
    public static final EncoderPrecision INT8 = new EncoderPrecision(8, 32);

    /// Half a byte per weight, one step for 32 inputs: a sixth of the memory. Products stay F32.
    public static final EncoderPrecision INT4 = new EncoderPrecision(4, 32);

    public EncoderPrecision {
        boolean blocks = blockSize >= 16 && blockSize <= 256 && Integer.bitCount(blockSize) == 1;
        if (bits == 32 ? blockSize != 0 : (bits != 4 && bits != 8) || !blocks) {
            throw new IllegalArgumentException("an encoder cannot have " + bits + " bits in blocks of " + blockSize
                    + "; accepted are 32 bits without blocks, and 8 or 4 bits in blocks of 16, 32, 64, 128 or 256");
        }
    }

    boolean isFull() {
        return bits == 32;
    }

    /// The block size for a matrix: this one, or the largest below it that divides the number of inputs.
    ///
    /// @return 0 when not even 16 divides it: such a matrix stays F32
    int blockFor(int inputs) {
        int block = blockSize;
        while (block >= 16 && inputs % block != 0) {
            block /= 2;
        }
        return block >= 16 ? block : 0;
    }

    @Override
    public String toString() {
        return isFull() ? "full" : "int" + bits + "-b" + blockSize;
    }
}
