package dev.quantreel.engines.export;

import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.DoubleAdder;

/// Lays out quantized weights as symmetric codes `[in, out]`, as the right factor of a product reads them.
///
/// Steps of whole rows are rounded to the compute precision, and what that takes away becomes a factor of the
/// outputs ([CarriedWeight#factors]); zero points become multiples of the inputs' sum ([CarriedWeight#zeros]):
/// the weights are the plan's in every precision.
///
/// @param precision type of the scales
/// @param policy for rows that do not fit
/// @param cancellation asked between strips of rows
record WeightCarrier(ComputePrecision precision, RecodingPolicy policy, CancellationToken cancellation) {

    /// Rows that a thread lays out at once.
    private static final int STRIP = 32;

    /// What is carried.
    ///
    /// @param unrounded what is rounded where codes do not fit; empty takes the plan's weights
    record Layer(String name, QuantizedMatrix matrix, Optional<WeightMatrix> unrounded) {}

    /// @throws IllegalArgumentException naming the layer, when it does not fit and may not be rounded anew
    CarriedWeight carry(Layer layer, RowForm form) {
        QuantizedMatrix matrix = layer.matrix;
        int rows = matrix.rows();
        int blocks = form.blockSize() == 0 ? 1 : matrix.columns() / form.blockSize();
        Layout layout = new Layout(
                Tensor.zeros(form.dtype(), Shape.of(matrix.columns(), rows)),
                new float[blocks * rows],
                new float[blocks * rows],
                new float[rows]);
        AtomicBoolean exact = new AtomicBoolean(true);
        DoubleAdder error = new DoubleAdder();
        DoubleAdder energy = new DoubleAdder();
        ParallelPieces.of(cancellation)
                .run(Math.ceilDiv(rows, STRIP), () -> new Strip(matrix.columns(), blocks), (piece, strip) -> {
                    int first = piece * STRIP;
                    int count = Math.min(STRIP, rows - first);
                    for (int i = 0; i < count; i++) {
                        boolean fits = form.fill(matrix, first + i, strip.row(layer, first + i, i));
                        exact.compareAndSet(true, fits);
                        strip.addErrors(error, energy);
                        layout.take(strip, first + i);
                    }
                    strip.write(layout.codes, first, count);
                });
        if (!exact.get() && policy == RecodingPolicy.REFUSE) {
            throw refused(layer, form);
        }
        double extra = exact.get() || energy.sum() == 0 ? 0 : Math.sqrt(error.sum() / energy.sum());
        RecodedLayer.Source source = exact.get() || layer.unrounded.isEmpty()
                ? RecodedLayer.Source.PLAN
                : RecodedLayer.Source.FULL_PRECISION;
        Shape shape = form.blockSize() == 0 ? Shape.of(rows) : Shape.of(blocks, rows);
        return new CarriedWeight(
                layout.codes,
                Tensor.of(shape, layout.scales),
                form.blockSize(),
                other(layout.factors, 1, Shape.of(rows)),
                other(layout.zeros, 0, shape),
                new RecodedLayer(layer.name, matrix.bits(), form.title(), exact.get(), extra, source));
    }

    /// What is laid out.
    ///
    /// @param codes `[in, out]`
    /// @param scales `[blocks, out]`
    /// @param zeros `[blocks, out]`
    /// @param factors `[out]`
    @SuppressWarnings("ArrayRecordComponent") // Threads write places of their own.
    private record Layout(Tensor codes, float[] scales, float[] zeros, float[] factors) {

        void take(Strip strip, int row) {
            int rows = factors.length;
            factors[row] = strip.unit[0];
            for (int block = 0; block * rows < scales.length; block++) {
                scales[block * rows + row] = strip.scales[block];
                zeros[block * rows + row] = strip.zeros[block];
            }
        }
    }

    /// Empty where all values are the usual one.
    private static Optional<Tensor> other(float[] values, float usual, Shape shape) {
        for (float value : values) {
            if (value != usual) {
                return Optional.of(Tensor.of(shape, values));
            }
        }
        return Optional.empty();
    }

    private static IllegalArgumentException refused(Layer layer, RowForm form) {
        return new IllegalArgumentException("layer " + layer.name + ": its codes of " + layer.matrix.bits()
                + " bits in groups of " + layer.matrix.groupSize() + " have no exact place in " + form.title()
                + " codes with one scale per " + (form.blockSize() == 0 ? "row" : "block")
                + "; allow it to be rounded anew, or quantize it with one grid per row");
    }

    /// What a thread works in.
    private static final class Strip implements ParallelPieces.Memory {
        private final float[] planned;
        private final float[] rounded;
        private final float[] carried;
        private final float[] scales;
        private final float[] zeros;
        private final float[] unit = {1};
        private final byte[][] codes;

        Strip(int columns, int blocks) {
            planned = new float[columns];
            rounded = new float[columns];
            carried = new float[columns];
            scales = new float[blocks];
            zeros = new float[blocks];
            codes = new byte[STRIP][columns];
        }

        RowForm.Row row(Layer layer, int index, int place) {
            layer.matrix.dequantizeRow(index, planned);
            if (layer.unrounded.isPresent()) {
                layer.unrounded.get().readRow(index, rounded);
            } else {
                System.arraycopy(planned, 0, rounded, 0, planned.length);
            }
            Arrays.fill(scales, 1);
            Arrays.fill(zeros, 0);
            unit[0] = 1;
            return new RowForm.Row(planned, rounded, codes[place], scales, zeros, unit, carried);
        }

        void addErrors(DoubleAdder error, DoubleAdder energy) {
            double difference = 0;
            double sum = 0;
            for (int k = 0; k < planned.length; k++) {
                double apart = carried[k] - planned[k];
                difference += apart * apart;
                sum += (double) planned[k] * planned[k];
            }
            error.add(difference);
            energy.add(sum);
        }

        /// Turns rows into columns of `[in, out]`.
        void write(Tensor into, int first, int count) {
            long outputs = into.shape().dim(1);
            boolean packed = into.dtype().bits() == 4;
            for (int k = 0; k < planned.length; k++) {
                for (int i = 0; i < count; i++) {
                    long at = k * outputs + first + i;
                    if (!packed) {
                        into.data().set(ValueLayout.JAVA_BYTE, at, codes[i][k]);
                    } else if (i % 2 == 0) {
                        int low = codes[i][k] & 0xF;
                        int high = codes[i + 1][k] & 0xF;
                        into.data().set(ValueLayout.JAVA_BYTE, at / 2, (byte) (low | high << 4));
                    }
                }
            }
        }

        @Override
        public void close() {}
    }
}
