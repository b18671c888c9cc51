package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;

/// Launches `reduce.cu`: ONNX's reductions over neighbouring axes and Softmax along the last axis, of F32 or
/// BF16, summed in F32.
///
/// @param kernels where the functions come from
public record Reduction(KernelLibrary kernels) {

    private static final int THREADS = 256;
    private static final int MOST_GRID = 65_535;

    /// What is computed of the elements; numbered as in `reduce.cu`.
    public enum Kind {
        Sum,
        Mean,
        Max,
        Min,
        /// Root of the sum of squares.
        L2
    }

    /// What is reduced: the axes `from` up to, not including, `to`. Other axes must be brought together by a
    /// transposition first.
    public record Input(DeviceArray array, int from, int to) {}

    /// Queues a reduction.
    ///
    /// @param out of as many elements as are left; whether the reduced axes stay as extent 1 is the caller's matter
    public void launch(CudaStream stream, Kind kind, Input input, DeviceArray out) {
        DeviceArray in = input.array;
        int from = input.from;
        int to = input.to;
        long outer = in.extent(0, from);
        int length = Math.toIntExact(in.extent(from, to));
        int inner = Math.toIntExact(in.extent(to, in.shape().rank()));
        out.require(in.dtype(), "Reduce" + kind + "'s output")
                .requireElements(outer * inner, "Reduce" + kind + "'s output");
        if (outer * inner == 0) {
            return;
        }
        KernelArguments arguments =
                KernelArguments.of().i64(in.pointer()).i64(out.pointer()).i32(length);
        String suffix = in.suffix("Reduce" + kind);
        if (inner == 1) {
            kernels.function("reduce", "qr_reduce_rows" + suffix)
                    .launch(
                            stream,
                            Dim3.of(Math.toIntExact(outer)),
                            Dim3.of(THREADS),
                            0,
                            arguments.i32(kind.ordinal()));
            return;
        }
        if (outer > MOST_GRID) {
            throw new IllegalArgumentException("Reduce" + kind + " of " + in.shape() + " along the axes " + from
                    + " to " + (to - 1) + ": " + outer + " parts before them; at most " + MOST_GRID);
        }
        kernels.function("reduce", "qr_reduce_columns" + suffix)
                .launch(
                        stream,
                        Dim3.of(Math.ceilDiv(inner, THREADS), (int) outer),
                        Dim3.of(THREADS),
                        0,
                        arguments.i32(inner).i32(kind.ordinal()));
    }

    /// Softmax along the last axis; rows of nothing but -infinity become zeros.
    ///
    /// @param out like `in`, may be `in`
    public void softmax(CudaStream stream, DeviceArray in, DeviceArray out) {
        int length = Math.toIntExact(in.shape().dim(in.shape().rank() - 1));
        long elements = in.shape().elements();
        out.require(in.dtype(), "Softmax's output").requireElements(elements, "Softmax's output");
        if (elements == 0) {
            return;
        }
        kernels.function("reduce", "qr_softmax" + in.suffix("Softmax"))
                .launch(
                        stream,
                        Dim3.of(Math.toIntExact(elements / length)),
                        Dim3.of(THREADS),
                        0,
                        KernelArguments.of()
                                .i64(in.pointer())
                                .i64(out.pointer())
                                .i32(length));
    }
}
