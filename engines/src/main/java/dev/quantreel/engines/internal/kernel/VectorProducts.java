package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// [ProductKernels] by the Vector API: tiles of four rows and two registers stay in registers over [#DEPTH] terms. The
/// strip of `b` under a tile is copied to where it lies in one piece and fits the first-level cache: rows of wide
/// matrices are a multiple of pages apart and would throw each other out. The same for `a` where it is transposed.
public final class VectorProducts implements ProductKernels {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int TILE = 2 * LANES;
    private static final int ROWS = 4;
    private static final int DEPTH = 256;

    /// Rows of `a` for which a strip is copied once.
    private static final int BAND = 64;

    /// Floats between two groups of rows of a copied `a`, beyond their own: keeps them from sharing cache sets.
    private static final int APART = 16;

    @Override
    public void add(Extent extent, Panel a, Panel b, Panel c) {
        int deepest = Math.min(DEPTH, extent.inner());
        Scratch scratch = new Scratch(deepest, Math.min(BAND, extent.rows()), a.columnStride() != 1);
        for (int row = 0; row < extent.rows(); row += BAND) {
            int rows = Math.min(BAND, extent.rows() - row);
            Panel sums = Panel.rows(c.values(), c.offset() + row * c.rowStride(), c.rowStride());
            for (int k = 0; k < extent.inner(); k += DEPTH) {
                Extent block = new Extent(rows, Math.min(DEPTH, extent.inner() - k), extent.columns());
                int left = a.offset() + row * a.rowStride() + k * a.columnStride();
                scratch.band(
                        block,
                        new Panel(a.values(), left, a.rowStride(), a.columnStride()),
                        Panel.rows(b.values(), b.offset() + k * b.rowStride(), b.rowStride()),
                        sums);
            }
        }
    }

    /// Copies of what a band of rows needs at a time.
    private static final class Scratch {
        private final float[] strip;
        private final float[] edge = new float[ROWS * TILE];
        private final float[] band;

        Scratch(int depth, int rows, boolean transposed) {
            strip = new float[depth * TILE];
            band = transposed ? new float[Math.ceilDiv(rows, ROWS) * (ROWS * depth + APART)] : new float[0];
        }

        void band(Extent extent, Panel a, Panel b, Panel c) {
            boolean transposed = a.columnStride() != 1;
            if (transposed) {
                copyBand(extent, a);
            }
            for (int j = 0; j < extent.columns(); j += TILE) {
                int width = Math.min(TILE, extent.columns() - j);
                boolean whole = width == TILE;
                boolean copied = !whole || extent.rows() > ROWS;
                Panel right = copied
                        ? copyStrip(extent.inner(), width, Panel.rows(b.values(), b.offset() + j, b.rowStride()))
                        : Panel.rows(b.values(), b.offset() + j, b.rowStride());
                Panel sums = Panel.rows(c.values(), c.offset() + j, c.rowStride());
                for (int i = 0; i < extent.rows(); i += ROWS) {
                    int rows = Math.min(ROWS, extent.rows() - i);
                    Panel left = transposed
                            ? new Panel(band, i / ROWS * (ROWS * extent.inner() + APART), 1, ROWS)
                            : Panel.rows(a.values(), a.offset() + i * a.rowStride(), a.rowStride());
                    Panel below = Panel.rows(c.values(), sums.offset() + i * c.rowStride(), c.rowStride());
                    if (whole) {
                        rows(new Extent(rows, extent.inner(), TILE), left, right, below);
                    } else {
                        narrow(new Extent(rows, extent.inner(), width), left, right, below);
                    }
                }
            }
        }

        private Panel copyStrip(int depth, int width, Panel b) {
            for (int k = 0; k < depth; k++) {
                int from = b.offset() + k * b.rowStride();
                if (width == TILE) {
                    FloatVector.fromArray(SPECIES, b.values(), from).intoArray(strip, k * TILE);
                    FloatVector.fromArray(SPECIES, b.values(), from + LANES).intoArray(strip, k * TILE + LANES);
                } else {
                    System.arraycopy(b.values(), from, strip, k * TILE, width);
                }
            }
            return Panel.rows(strip, 0, TILE);
        }

        private void copyBand(Extent extent, Panel a) {
            int group = ROWS * extent.inner() + APART;
            for (int k = 0; k < extent.inner(); k++) {
                int from = a.offset() + k * a.columnStride();
                for (int i = 0; i < extent.rows(); i++) {
                    band[i / ROWS * group + k * ROWS + i % ROWS] = a.values()[from + i * a.rowStride()];
                }
            }
        }

        /// A tile of fewer columns than registers hold.
        private void narrow(Extent extent, Panel a, Panel b, Panel c) {
            for (int i = 0; i < extent.rows(); i++) {
                System.arraycopy(c.values(), c.offset() + i * c.rowStride(), edge, i * TILE, extent.columns());
            }
            rows(extent, a, b, Panel.rows(edge, 0, TILE));
            for (int i = 0; i < extent.rows(); i++) {
                System.arraycopy(edge, i * TILE, c.values(), c.offset() + i * c.rowStride(), extent.columns());
            }
        }
    }

    /// Up to four rows of a tile.
    private static void rows(Extent extent, Panel a, Panel b, Panel c) {
        if (extent.rows() == ROWS) {
            fourRows(extent.inner(), a, b, c);
            return;
        }
        for (int i = 0; i < extent.rows(); i++) {
            oneRow(
                    extent.inner(),
                    new Panel(a.values(), a.offset() + i * a.rowStride(), a.rowStride(), a.columnStride()),
                    b,
                    Panel.rows(c.values(), c.offset() + i * c.rowStride(), c.rowStride()));
        }
    }

    @SuppressWarnings("checkstyle:MethodLength") // Eight sums that stay in registers
    private static void fourRows(int depth, Panel a, Panel b, Panel c) {
        float[] left = a.values();
        float[] right = b.values();
        float[] sums = c.values();
        int row0 = c.offset();
        int row1 = row0 + c.rowStride();
        int row2 = row1 + c.rowStride();
        int row3 = row2 + c.rowStride();
        FloatVector s00 = FloatVector.fromArray(SPECIES, sums, row0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, sums, row0 + LANES);
        FloatVector s10 = FloatVector.fromArray(SPECIES, sums, row1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, sums, row1 + LANES);
        FloatVector s20 = FloatVector.fromArray(SPECIES, sums, row2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, sums, row2 + LANES);
        FloatVector s30 = FloatVector.fromArray(SPECIES, sums, row3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, sums, row3 + LANES);
        int stride = a.rowStride();
        int from = a.offset();
        int at = b.offset();
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(SPECIES, right, at);
            FloatVector b1 = FloatVector.fromArray(SPECIES, right, at + LANES);
            FloatVector a0 = FloatVector.broadcast(SPECIES, left[from]);
            FloatVector a1 = FloatVector.broadcast(SPECIES, left[from + stride]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            FloatVector a2 = FloatVector.broadcast(SPECIES, left[from + 2 * stride]);
            FloatVector a3 = FloatVector.broadcast(SPECIES, left[from + 3 * stride]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            from += a.columnStride();
            at += b.rowStride();
        }
        s00.intoArray(sums, row0);
        s01.intoArray(sums, row0 + LANES);
        s10.intoArray(sums, row1);
        s11.intoArray(sums, row1 + LANES);
        s20.intoArray(sums, row2);
        s21.intoArray(sums, row2 + LANES);
        s30.intoArray(sums, row3);
        s31.intoArray(sums, row3 + LANES);
    }

    private static void oneRow(int depth, Panel a, Panel b, Panel c) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, c.values(), c.offset());
        FloatVector s1 = FloatVector.fromArray(SPECIES, c.values(), c.offset() + LANES);
        int from = a.offset();
        int at = b.offset();
        for (int k = 0; k < depth; k++) {
            FloatVector left = FloatVector.broadcast(SPECIES, a.values()[from]);
            s0 = left.fma(FloatVector.fromArray(SPECIES, b.values(), at), s0);
            s1 = left.fma(FloatVector.fromArray(SPECIES, b.values(), at + LANES), s1);
            from += a.columnStride();
            at += b.rowStride();
        }
        s0.intoArray(c.values(), c.offset());
        s1.intoArray(c.values(), c.offset() + LANES);
    }
}
