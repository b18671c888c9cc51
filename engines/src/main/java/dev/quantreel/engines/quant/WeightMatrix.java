package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.RowKernels;
import dev.quantreel.engines.rotation.RegularHadamard;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Rows of a weight `[out, in]`, read as F32 one at a time, so that a mapped checkpoint is never converted whole. Safe
/// to read from many threads.
public interface WeightMatrix {

    /// Tensor name, for messages.
    String name();

    int rows();

    int columns();

    /// Copies one row.
    ///
    /// @param into at least [#columns] long
    /// @throws IllegalArgumentException when the row holds NaN or an infinity; the message names tensor and place
    void readRow(int row, float[] into);

    /// @throws IllegalArgumentException when `tensor` is no matrix of a floating-point type
    static WeightMatrix of(String name, Tensor tensor) {
        if (!tensor.isMatrix()) {
            throw new IllegalArgumentException(
                    "weight " + name + " has shape " + tensor.shape() + "; a linear needs a matrix [out, in]");
        }
        switch (tensor.dtype()) {
            case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 -> {}
            default ->
                throw new IllegalArgumentException("weight " + name + " is " + tensor.dtype()
                        + "; F64, F32, F16, BF16, F8_E4M3 or F8_E5M2 can be quantized");
        }
        return new Stored(
                name,
                Math.toIntExact(tensor.shape().dim(0)),
                Math.toIntExact(tensor.shape().dim(1)),
                tensor);
    }

    /// Sum of each row, added in double precision.
    ///
    /// @throws IllegalArgumentException as [#readRow]
    default float[] rowSums(RowTasks tasks) {
        float[] sums = new float[rows()];
        tasks.run(rows(), (from, to) -> {
            float[] row = new float[columns()];
            for (int r = from; r < to; r++) {
                readRow(r, row);
                double sum = 0;
                for (float value : row) {
                    sum += value;
                }
                sums[r] = (float) sum;
            }
        });
        return sums;
    }

    /// The same matrix with every column multiplied by a factor.
    default WeightMatrix scaled(float[] factors) {
        if (factors.length != columns()) {
            throw new IllegalArgumentException(
                    "weight " + name() + " has " + columns() + " columns, not " + factors.length + " as the factors");
        }
        return new ScaledWeight(this, factors);
    }

    /// The same matrix with every row rotated.
    default WeightMatrix rotated(Rotation rotation) {
        if (rotation.width() != columns()) {
            throw new IllegalArgumentException(
                    "weight " + name() + " has " + columns() + " columns, the rotation " + rotation.width());
        }
        return new Rotated(this, rotation);
    }

    /// The same matrix with every row rotated as ConvRot does.
    ///
    /// @throws IllegalArgumentException when the groups do not divide the columns
    default WeightMatrix rotated(RegularHadamard rotation) {
        if (!rotation.divides(columns())) {
            throw new IllegalArgumentException("weight " + name() + " has " + columns() + " columns, which groups of "
                    + rotation.group() + " do not divide");
        }
        return new RegularlyRotated(this, rotation);
    }

    /// A matrix as a tensor holds it.
    record Stored(String name, int rows, int columns, Tensor tensor) implements WeightMatrix {
        @Override
        public void readRow(int row, float[] into) {
            long bytes = tensor.dtype().byteSize(columns);
            Tensor stored =
                    new Tensor(tensor.dtype(), Shape.of(columns), tensor.data().asSlice(row * bytes, bytes));
            Conversions.toF32(stored, into);
            if (!RowKernels.best().range(into, 0, columns).finite()) {
                throw notFinite(row, into);
            }
        }

        private IllegalArgumentException notFinite(int row, float[] values) {
            int column = 0;
            while (Float.isFinite(values[column])) {
                column++;
            }
            String value = String.valueOf(values[column]).replace("Infinity", "infinity");
            return new IllegalArgumentException("weight " + name + " holds " + value + " in row " + row + ", column "
                    + column + "; only finite weights can be quantized");
        }
    }

    /// A matrix of the size of another, whose rows are changed when they are read.
    interface Derived extends WeightMatrix {

        /// What is changed.
        WeightMatrix source();

        @Override
        default String name() {
            return source().name();
        }

        @Override
        default int rows() {
            return source().rows();
        }

        @Override
        default int columns() {
            return source().columns();
        }
    }

    /// A matrix whose rows are rotated when they are read.
    record Rotated(WeightMatrix source, Rotation rotation) implements Derived {
        @Override
        public void readRow(int row, float[] into) {
            source.readRow(row, into);
            rotation.apply(into);
        }
    }

    /// A matrix whose rows are rotated by [RegularHadamard] when they are read.
    record RegularlyRotated(WeightMatrix source, RegularHadamard rotation) implements Derived {
        @Override
        public void readRow(int row, float[] into) {
            source.readRow(row, into);
            rotation.apply(into);
        }
    }
}
