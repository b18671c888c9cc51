package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// [ProductKernels] by the Vector API: tiles of four rows and two registers stay in registers over [#DEPTH] terms, for
/// which the strip of `b` fits the first-level cache.
public final class VectorProducts implements ProductKernels {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int TILE = 2 * LANES;
    private static final int ROWS = 4;
    private static final int DEPTH = 256;

    @Override
    public void add(Extent extent, Panel a, Panel b, Panel c) {
        int whole = extent.columns() - extent.columns() % TILE;
        for (int k = 0; k < extent.inner(); k += DEPTH) {
            int depth = Math.min(DEPTH, extent.inner() - k);
            Panel left = new Panel(a.values(), a.offset() + k * a.columnStride(), a.rowStride(), a.columnStride());
            Panel right = Panel.rows(b.values(), b.offset() + k * b.rowStride(), b.rowStride());
            for (int j = 0; j < whole; j += TILE) {
                strip(new Extent(extent.rows(), depth, j), left, right, c);
            }
        }
        ScalarProducts.add(extent, a, b, c, whole);
    }

    /// One strip of `TILE` columns.
    ///
    /// @param extent its `columns` is the first column
    private static void strip(Extent extent, Panel a, Panel b, Panel c) {
        int j = extent.columns();
        int i = 0;
        for (; i + ROWS <= extent.rows(); i += ROWS) {
            fourRows(
                    extent.inner(),
                    new Panel(a.values(), a.offset() + i * a.rowStride(), a.rowStride(), a.columnStride()),
                    Panel.rows(b.values(), b.offset() + j, b.rowStride()),
                    Panel.rows(c.values(), c.offset() + i * c.rowStride() + j, c.rowStride()));
        }
        for (; i < extent.rows(); i++) {
            oneRow(
                    extent.inner(),
                    new Panel(a.values(), a.offset() + i * a.rowStride(), a.rowStride(), a.columnStride()),
                    Panel.rows(b.values(), b.offset() + j, b.rowStride()),
                    Panel.rows(c.values(), c.offset() + i * c.rowStride() + j, c.rowStride()));
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
