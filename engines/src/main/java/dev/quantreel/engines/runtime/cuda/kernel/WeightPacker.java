package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.runtime.Workers;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;

/// Packs the integer weights of a linear for [LowBitGemm], panel by panel from where they lie: nothing is held
/// twice. Safe to use from many threads.
///
/// Codes of 2 to 4 bits become s4 (`code - 8`, zero point - 8); codes of 5 to 8 bits, and groups whose steps
/// are multiples of the row's, become s8.
public final class WeightPacker {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final PackedLayout layout;
    private final SignedCodes codes;
    private final RowValues values;

    private WeightPacker(PackedLayout layout, SignedCodes codes, RowValues values) {
        this.layout = layout;
        this.codes = codes;
        this.values = values;
    }

    /// Step and zero point of a row.
    private interface RowValues {
        float step(int row);

        int zero(int row);
    }

    /// A packer of quantized weights.
    ///
    /// @throws IllegalArgumentException when the weights are no integer multiples of one step per row, or their
    /// columns no multiple of 32, naming the weight
    public static WeightPacker of(QuantizedMatrix weights) {
        if (!weights.isInteger() || weights.columns() % 32 != 0) {
            throw new IllegalArgumentException("weight " + weights.name() + " [" + weights.rows() + ", "
                    + weights.columns() + "] with " + weights.grids().values()
                    + ": accepted are integer multiples of one step per row and columns in multiples of 32");
        }
        QuantizedCodes codes = new QuantizedCodes(weights);
        PackedLayout layout = new PackedLayout(weights.rows(), weights.columns(), codes.bits());
        return new WeightPacker(layout, codes, new RowValues() {
            @Override
            public float step(int row) {
                return weights.step(row);
            }

            @Override
            public int zero(int row) {
                return codes.zero(row);
            }
        });
    }

    /// A packer of signed codes with steps of 1 and zero points of 0.
    ///
    /// @param codes row after row, one to a byte
    public static WeightPacker of(PackedLayout layout, byte[] codes) {
        if (codes.length != (long) layout.rows() * layout.columns()) {
            throw new IllegalArgumentException(codes.length + " codes for " + layout);
        }
        SignedCodes rowMajor = (block, into) -> {
            for (int row = 0; row < block.rows(); row++) {
                int from = (block.firstRow() + row) * layout.columns() + block.firstColumn();
                System.arraycopy(codes, from, into, row * block.columns(), block.columns());
            }
        };
        return new WeightPacker(layout, rowMajor, new RowValues() {
            @Override
            public float step(int row) {
                return 1;
            }

            @Override
            public int zero(int row) {
                return 0;
            }
        });
    }

    public PackedLayout layout() {
        return layout;
    }

    /// What a code counts for in a row.
    public float step(int row) {
        return values.step(row);
    }

    /// The packed code of 0 in a row.
    public int zero(int row) {
        return values.zero(row);
    }

    /// Packs 64 rows.
    ///
    /// @param into [PackedLayout#panelBytes] bytes, overwritten
    public void packPanel(int panel, MemorySegment into) {
        into.fill((byte) 0);
        int firstRow = panel * PackedLayout.PANEL_ROWS;
        int rows = Math.min(PackedLayout.PANEL_ROWS, layout.rows() - firstRow);
        byte[] block = new byte[rows * PackedLayout.COLUMN_STEP];
        for (int column = 0; column < layout.columns(); column += PackedLayout.COLUMN_STEP) {
            int columns = Math.min(PackedLayout.COLUMN_STEP, layout.columns() - column);
            codes.read(new SignedCodes.Block(firstRow, rows, column, columns), block);
            for (int row = 0; row < rows; row++) {
                for (int piece = 0; piece < columns; piece += PackedLayout.PIECE) {
                    layout.put(into, row, column + piece, block, row * columns + piece);
                }
            }
        }
    }

    /// Packs all panels.
    ///
    /// @param into [PackedLayout#bytes] bytes, of a shared arena where there are several threads
    /// @param threads at least 1
    public void pack(MemorySegment into, int threads) {
        long panelBytes = layout.panelBytes();
        AtomicInteger next = new AtomicInteger();
        Workers.together(Math.clamp(layout.panels(), 1, threads), () -> {
            for (int panel = next.getAndIncrement(); panel < layout.panels(); panel = next.getAndIncrement()) {
                packPanel(panel, into.asSlice(panel * panelBytes, panelBytes));
            }
        });
    }

    /// Writes codes, steps, zero points and bias as [PackedWeights#at] finds them.
    ///
    /// @param into [PackedWeights#bytes] bytes, for example pinned memory
    /// @param threads at least 1
    /// @param bias one value per row, or none at all
    public void write(MemorySegment into, int threads, float... bias) {
        if (bias.length != 0 && bias.length != layout.rows()) {
            throw new IllegalArgumentException("a bias of " + bias.length + " values for " + layout.rows() + " rows");
        }
        pack(into.asSlice(0, layout.bytes()), threads);
        into.asSlice(layout.bytes()).fill((byte) 0);
        for (int row = 0; row < layout.rows(); row++) {
            into.set(Tensor.FLOAT, PackedWeights.stepOffset(layout) + row * 4L, step(row));
            into.set(INT, PackedWeights.zeroOffset(layout) + row * 4L, zero(row));
            if (bias.length != 0) {
                into.set(Tensor.FLOAT, PackedWeights.biasOffset(layout) + row * 4L, bias[row]);
            }
        }
    }
}
