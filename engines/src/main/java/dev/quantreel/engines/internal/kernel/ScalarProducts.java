package dev.quantreel.engines.internal.kernel;

/// The specification of [ProductKernels].
public final class ScalarProducts implements ProductKernels {

    @Override
    public void add(Extent extent, Panel a, Panel b, Panel c) {
        add(extent, a, b, c, 0);
    }

    /// Columns from `firstColumn` on.
    static void add(Extent extent, Panel a, Panel b, Panel c, int firstColumn) {
        for (int i = 0; i < extent.rows(); i++) {
            for (int j = firstColumn; j < extent.columns(); j++) {
                int at = c.offset() + i * c.rowStride() + j;
                float sum = c.values()[at];
                for (int k = 0; k < extent.inner(); k++) {
                    float left = a.values()[a.offset() + i * a.rowStride() + k * a.columnStride()];
                    sum = Math.fma(left, b.values()[b.offset() + k * b.rowStride() + j], sum);
                }
                c.values()[at] = sum;
            }
        }
    }
}
