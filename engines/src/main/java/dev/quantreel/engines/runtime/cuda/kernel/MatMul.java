package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;
import java.util.Optional;

/// Launches `matmul.cu`: products of matrices in F32, and linears in BF16 on tensor cores. For what is not
/// quantized: embedders, modulations, heads.
///
/// @param kernels where the functions come from
public record MatMul(KernelLibrary kernels) {

    private static final int F32_TILE = 64;
    private static final int BF16_TILE = 128;
    private static final int THREADS = 256;
    private static final int BATCH_AXES = 3;
    private static final int MOST_GRID = 65_535;

    /// Columns that 16 bytes of BF16 hold.
    public static final int BF16_COLUMNS = 8;

    /// ONNX MatMul of F32: batches broadcast, vectors are no matrices here (at least two axes each).
    ///
    /// @param a `[batch..., m, k]`
    /// @param b `[batch..., k, n]`
    /// @param bias `[n]`, added to every row
    /// @param out `[batch..., m, n]`
    public void f32(CudaStream stream, DeviceArray a, DeviceArray b, Optional<DeviceArray> bias, DeviceArray out) {
        product(stream, new Product(a, b, bias, out, false));
    }

    /// A linear of F32 with the weight as checkpoints store it: `x Wᵀ + b`.
    ///
    /// @param x `[batch..., m, k]`
    /// @param weight `[n, k]`
    /// @param bias `[n]`
    /// @param out `[batch..., m, n]`
    public void linearF32(
            CudaStream stream, DeviceArray x, DeviceArray weight, Optional<DeviceArray> bias, DeviceArray out) {
        product(stream, new Product(x, weight, bias, out, true));
    }

    /// @param transposed whether `b` is `[n, k]`
    private record Product(
            DeviceArray a, DeviceArray b, Optional<DeviceArray> bias, DeviceArray out, boolean transposed) {

        long dim(DeviceArray array, int fromEnd) {
            int rank = array.shape().rank();
            if (rank < 2) {
                throw new IllegalArgumentException("a product of " + array.shape() + "; two axes are the least");
            }
            return array.shape().dim(rank - fromEnd);
        }

        int m() {
            return Math.toIntExact(dim(a, 2));
        }

        int k() {
            return Math.toIntExact(dim(a, 1));
        }

        int n() {
            return Math.toIntExact(dim(b, transposed ? 2 : 1));
        }

        void check() {
            a.require(DType.F32, "the first factor");
            b.require(DType.F32, "the second factor");
            out.require(DType.F32, "the product");
            bias.ifPresent(v -> v.require(DType.F32, "the bias").requireElements(n(), "the bias"));
            if (dim(b, transposed ? 1 : 2) != k() || dim(out, 2) != m() || dim(out, 1) != n()) {
                throw new IllegalArgumentException("the product of " + a.shape() + " and " + b.shape()
                        + (transposed ? " transposed" : "") + " is not " + out.shape());
            }
        }

        private static long[] batch(DeviceArray array) {
            long[] dims = array.shape().toArray();
            return Arrays.copyOf(dims, dims.length - 2);
        }

        /// Axes of the batch, at most three of them, with what lies between neighbours of both factors.
        Axes axes() {
            long[] outer = batch(out);
            long[] first = Axes.broadcast(batch(a), outer);
            long[] second = Axes.broadcast(batch(b), outer);
            Axes axes = Axes.merged(
                    outer,
                    Arrays.stream(first).map(s -> s * m() * k()).toArray(),
                    Arrays.stream(second).map(s -> s * n() * k()).toArray());
            if (axes.rank() > BATCH_AXES) {
                throw new IllegalArgumentException(
                        "a product with " + axes.rank() + " axes of batches that do not merge; at most " + BATCH_AXES);
            }
            return axes;
        }
    }

    private void product(CudaStream stream, Product product) {
        product.check();
        if (product.out.shape().elements() == 0) {
            return;
        }
        int m = product.m();
        int n = product.n();
        int k = product.k();
        Axes axes = product.axes();
        int[] extents = new int[BATCH_AXES];
        Arrays.fill(extents, 1);
        long[][] strides = new long[2][BATCH_AXES];
        for (int axis = 0; axis < axes.rank(); axis++) {
            int place = BATCH_AXES - axes.rank() + axis;
            extents[place] = Math.toIntExact(axes.extents()[axis]);
            strides[0][place] = axes.strides()[0][axis];
            strides[1][place] = axes.strides()[1][axis];
        }
        ArgumentStruct struct = new ArgumentStruct()
                .pointer(product.a.pointer())
                .pointer(product.b.pointer())
                .pointer(product.bias.map(DeviceArray::pointer).orElse(0L))
                .pointer(product.out.pointer())
                .i32(m, n, k)
                .i32(extents)
                .i64(k, 1, product.transposed ? 1 : n, product.transposed ? k : 1)
                .i64(strides[0])
                .i64(strides[1]);
        Dim3 grid = grid(n, m, axes.count(), F32_TILE);
        kernels.function("matmul", "qr_matmul_f32")
                .launch(
                        stream,
                        grid,
                        Dim3.of(THREADS),
                        0,
                        KernelArguments.of().struct(struct.segment(), ArgumentStruct.ALIGNMENT));
    }

    private static Dim3 grid(int n, int m, long batch, int tile) {
        int rows = Math.ceilDiv(m, tile);
        if (rows > MOST_GRID || batch > MOST_GRID) {
            throw new IllegalArgumentException("a product of " + m + " rows in " + batch + " batches; at most "
                    + (long) MOST_GRID * tile + " rows and " + MOST_GRID + " batches");
        }
        return Dim3.of(Math.ceilDiv(n, tile), rows, (int) batch);
    }

    /// A linear in BF16, summed in F32: `x Wᵀ + b`.
    ///
    /// @param x BF16 `[..., k]`, `k` a multiple of [#BF16_COLUMNS]
    /// @param weight BF16 `[n, k]`
    /// @param bias F32 `[n]`
    /// @param out F32 or BF16 `[..., n]`
    public void linearBf16(
            CudaStream stream, DeviceArray x, DeviceArray weight, Optional<DeviceArray> bias, DeviceArray out) {
        int n = Math.toIntExact(weight.shape().dim(0));
        int k = Math.toIntExact(weight.shape().dim(1));
        int m = Math.toIntExact(x.shape().elements() / k);
        x.require(DType.BF16, "the input of a linear").requireElements((long) m * k, "the input of a linear");
        weight.require(DType.BF16, "the weight of a linear");
        out.requireElements((long) m * n, "the output of a linear");
        if (k % BF16_COLUMNS != 0 || x.pointer() % 16 != 0 || weight.pointer() % 16 != 0) {
            throw new IllegalArgumentException("a BF16 linear of " + k + " columns from address " + x.pointer()
                    + "; columns must be a multiple of " + BF16_COLUMNS + ", addresses one of 16");
        }
        if (m == 0 || n == 0) {
            return;
        }
        KernelArguments arguments = KernelArguments.of()
                .i64(x.pointer())
                .i64(weight.pointer())
                .i64(bias.map(v -> v.require(DType.F32, "the bias")
                                .requireElements(n, "the bias")
                                .pointer())
                        .orElse(0L))
                .i64(out.pointer())
                .i32(m)
                .i32(n)
                .i32(k)
                .i64(0)
                .i64(0);
        kernels.function("matmul", "qr_linear_bf16" + out.suffix("a linear"))
                .launch(stream, grid(n, m, 1, BF16_TILE), Dim3.of(THREADS), 0, arguments);
    }
}
