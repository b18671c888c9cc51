package dev.quantreel.engines.internal.kernel;

/// Adds matrix products: `C += A B`. [ScalarProducts] is the specification; all members return the same bits, because
/// every element adds its terms in ascending order, each by one fused multiply-add.
public sealed interface ProductKernels permits ScalarProducts, VectorProducts {

    /// Where a matrix lies in an array: element `(i, j)` is `values[offset + i * rowStride + j * columnStride]`.
    ///
    /// @param columnStride 1 for the matrices `b` and `c` of a product; `a` may have any, so that it may be
    /// transposed
    record Panel(float[] values, int offset, int rowStride, int columnStride) {

        /// Rows that lie one behind the other.
        public static Panel rows(float[] values, int offset, int rowStride) {
            return new Panel(values, offset, rowStride, 1);
        }

        /// The transpose of rows that lie one behind the other.
        public static Panel transposed(float[] values, int offset, int rowStride) {
            return new Panel(values, offset, 1, rowStride);
        }
    }

    /// Sizes of a product `[rows, inner] * [inner, columns]`.
    record Extent(int rows, int inner, int columns) {}

    /// `c += a b`.
    void add(Extent extent, Panel a, Panel b, Panel c);

    /// The fastest member this process can run.
    static ProductKernels best() {
        return Holder.BEST;
    }

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final ProductKernels BEST = VectorSupport.choose(ScalarProducts::new, VectorProducts::new);

        private Holder() {}
    }
}
