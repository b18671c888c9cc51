package dev.quantreel.engines.export;

import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;

/// How one row of a quantized weight becomes symmetric codes with scales: as it is where the codes allow it,
/// else rounded anew.
sealed interface RowForm {

    /// A row under way.
    ///
    /// @param planned the plan's weights
    /// @param rounded what is rounded where the plan's codes do not fit: `planned`, or full precision
    /// @param codes of the row, one to a byte whatever their type
    /// @param scales one, or one per block, in the compute precision
    /// @param zeros what is subtracted for every unit of the inputs' sum, by block
    /// @param unit one value: what scales are multiplied with, in F32
    /// @param carried what codes, scales, zeros and unit stand for
    @SuppressWarnings("ArrayRecordComponent") // Buffers of one thread.
    record Row(
            float[] planned,
            float[] rounded,
            byte[] codes,
            float[] scales,
            float[] zeros,
            float[] unit,
            float[] carried) {

        /// FP16 loses bits below its smallest normal value, and at last all.
        private static final float SMALLEST_HALF = 0x1p-14f;

        /// Gives the whole row one step: rounded to the precision, with the rest as unit.
        void step(float step, ComputePrecision precision) {
            float rounded = precision.rounded(step);
            if (precision == ComputePrecision.FP16) {
                rounded = Math.max(rounded, SMALLEST_HALF);
            }
            Arrays.fill(scales, rounded);
            unit[0] = step / rounded;
        }

        void carry() {
            int blockSize = codes.length / scales.length;
            for (int k = 0; k < codes.length; k++) {
                carried[k] = codes[k] * scales[k / blockSize] * unit[0] - zeros[k / blockSize];
            }
        }
    }

    /// Fills codes, scales and carried weights.
    ///
    /// @param index of the row in `matrix`
    /// @return whether the row is the plan's
    boolean fill(QuantizedMatrix matrix, int index, Row row);

    /// Type of the codes.
    DType dtype();

    /// Columns that share a scale; 0 where a row has one.
    int blockSize();

    /// For people.
    String title();

    /// One step per row, levels of -127 to 127. Eight-bit codes with a zero point reach farther: they are
    /// carried less 128, and what that leaves is subtracted by the sum of the inputs.
    ///
    /// @param precision type of the scales
    record Int8(ComputePrecision precision) implements RowForm {

        private static final int LARGEST = 127;
        private static final int MIDDLE = 128;

        @Override
        public boolean fill(QuantizedMatrix matrix, int index, Row row) {
            if (!matrix.isInteger()) {
                round(row);
            } else if (levels(matrix, index, row)) {
                row.step(matrix.step(index), precision);
            } else {
                for (int k = 0; k < matrix.columns(); k++) {
                    row.codes[k] = (byte) (matrix.code(index, k) - MIDDLE);
                }
                row.zeros[0] = matrix.step(index) * (matrix.zeroPoint(index) - MIDDLE);
                row.step(matrix.step(index), precision);
            }
            row.carry();
            return matrix.isInteger();
        }

        private static boolean levels(QuantizedMatrix matrix, int index, Row row) {
            boolean fit = true;
            for (int k = 0; fit && k < matrix.columns(); k++) {
                int level = matrix.level(index, k);
                fit = Math.abs(level) <= LARGEST;
                row.codes[k] = (byte) level;
            }
            return fit;
        }

        private void round(Row row) {
            float scale = positive(largest(row.rounded, 0, row.rounded.length) / LARGEST);
            for (int k = 0; k < row.codes.length; k++) {
                row.codes[k] = (byte) Math.clamp((long) Math.rint(row.rounded[k] / scale), -LARGEST, LARGEST);
            }
            row.step(scale, precision);
        }

        @Override
        public DType dtype() {
            return DType.I8;
        }

        @Override
        public int blockSize() {
            return 0;
        }

        @Override
        public String title() {
            return "INT8";
        }
    }

    /// One scale per block of columns, codes of -8 to 7. Codes with a zero point are carried less 8, and what
    /// that leaves is subtracted by the sum of a block's inputs: every even grid of up to four bits fits, with
    /// a fractional zero point too. Tables of levels do not.
    ///
    /// @param blockSize divides the columns and the plan's groups
    /// @param precision type of the scales
    record Int4(int blockSize, ComputePrecision precision) implements RowForm {

        /// Ranges that are tried when a block is rounded: the whole one, and smaller ones down to 60 %.
        private static final int TRIALS = 16;

        private static final int MIDDLE = 8;

        @Override
        public boolean fill(QuantizedMatrix matrix, int index, Row row) {
            boolean exact = true;
            if (matrix.grids().values() instanceof CodeValues.Table) {
                for (int block = 0; block < row.scales.length; block++) {
                    row.scales[block] = rounded(row, block * blockSize, (block + 1) * blockSize);
                }
                exact = false;
            } else {
                for (int k = 0; k < matrix.columns(); k++) {
                    row.codes[k] = (byte) (matrix.code(index, k) - MIDDLE);
                }
                exact = steps(matrix, index, row);
                for (int block = 0; block < row.scales.length; block++) {
                    float zeroPoint = zeroPoint(matrix.grids(), index, block * blockSize / matrix.groupSize());
                    row.zeros[block] = matrix.step(index, block * blockSize) * (zeroPoint - MIDDLE);
                }
            }
            row.carry();
            return exact;
        }

        private static float zeroPoint(MatrixGrids grids, int row, int group) {
            float stored = grids.zeroPoint(row, group);
            return grids.values() instanceof CodeValues.Fractions(int parts) ? stored / parts : stored;
        }

        /// Steps of groups have to be values of the compute precision; multiples of a row's step are.
        private boolean steps(QuantizedMatrix matrix, int index, Row row) {
            if (matrix.groupSize() == matrix.columns()) {
                row.step(matrix.step(index, 0), precision);
                return true;
            }
            boolean multiples = matrix.isInteger();
            row.unit[0] = multiples ? matrix.step(index) : 1;
            boolean exact = true;
            for (int block = 0; block < row.scales.length; block++) {
                float step = matrix.step(index, block * blockSize);
                float scale = multiples ? Math.round(step / matrix.step(index)) : step;
                row.scales[block] = precision.rounded(scale);
                exact &= row.scales[block] == scale;
            }
            return exact;
        }

        /// The scale with the least squared error among those tried; codes are filled.
        private float rounded(Row row, int from, int to) {
            float widest = positive(Math.max(largest(row.rounded, from, to) / 8, highest(row.rounded, from, to) / 7));
            float best = 0;
            double least = Double.POSITIVE_INFINITY;
            for (int i = 0; i < TRIALS; i++) {
                float trial = precision.rounded(widest * (1 - 0.4f * i / (TRIALS - 1)));
                double error = error(row.rounded, from, to, trial);
                if (trial > 0 && error < least) {
                    least = error;
                    best = trial;
                }
            }
            float scale = positive(best);
            for (int k = from; k < to; k++) {
                row.codes[k] = (byte) code(row.rounded[k], scale);
            }
            return scale;
        }

        private static double error(float[] values, int from, int to, float scale) {
            double sum = 0;
            for (int k = from; k < to; k++) {
                double difference = values[k] - code(values[k], scale) * scale;
                sum += difference * difference;
            }
            return sum;
        }

        private static int code(float value, float scale) {
            return (int) Math.clamp((long) Math.rint(value / scale), -8, 7);
        }

        @Override
        public DType dtype() {
            return DType.I4;
        }

        @Override
        public String title() {
            return "INT4 g" + blockSize;
        }
    }

    /// One scale per row, E4M3 values: exact for levels with four significant bits, so for all of up to 16.
    ///
    /// @param precision type of the scales
    record E4m3(ComputePrecision precision) implements RowForm {

        private static final float LARGEST = 448;
        private static final int SMALLEST_EXPONENT = -6;

        @Override
        public boolean fill(QuantizedMatrix matrix, int index, Row row) {
            boolean exact = matrix.isInteger();
            for (int k = 0; exact && k < matrix.columns(); k++) {
                exact = holds(matrix.level(index, k));
            }
            float scale = exact ? matrix.step(index) : positive(largest(row.rounded, 0, matrix.columns()) / LARGEST);
            row.step(scale, precision);
            for (int k = 0; k < matrix.columns(); k++) {
                int code = encode(exact ? matrix.level(index, k) : row.rounded[k] / scale);
                row.codes[k] = (byte) code;
                row.carried[k] = decode(code) * row.scales[0] * row.unit[0];
            }
            return exact;
        }

        private static boolean holds(int level) {
            int magnitude = Math.abs(level);
            return magnitude <= LARGEST && magnitude >> Integer.numberOfTrailingZeros(Math.max(1, magnitude)) < 16;
        }

        /// The nearest code, ties to even.
        static int encode(float value) {
            int sign = value < 0 ? 0x80 : 0;
            float magnitude = Math.min(Math.abs(value), LARGEST);
            int exponent = Math.max(Math.getExponent(magnitude), SMALLEST_EXPONENT);
            int mantissa = (int) Math.rint(Math.scalb(magnitude, 3 - exponent));
            // 16 carries into the exponent, and below 8 there is none: the bits add up to the right code either way.
            return sign | (exponent - SMALLEST_EXPONENT) * 8 + mantissa;
        }

        static float decode(int code) {
            int exponent = code >> 3 & 0xF;
            int mantissa = exponent == 0 ? code & 7 : 8 + (code & 7);
            float magnitude = Math.scalb((float) mantissa, Math.max(exponent, 1) - 1 + SMALLEST_EXPONENT - 3);
            return (code & 0x80) == 0 ? magnitude : -magnitude;
        }

        @Override
        public DType dtype() {
            return DType.F8_E4M3;
        }

        @Override
        public int blockSize() {
            return 0;
        }

        @Override
        public String title() {
            return "E4M3";
        }
    }

    private static float largest(float[] values, int from, int to) {
        float largest = 0;
        for (int k = from; k < to; k++) {
            largest = Math.max(largest, Math.abs(values[k]));
        }
        return largest;
    }

    private static float highest(float[] values, int from, int to) {
        float highest = 0;
        for (int k = from; k < to; k++) {
            highest = Math.max(highest, values[k]);
        }
        return highest;
    }

    /// Scales of zeros become 1: parsers refuse others.
    private static float positive(float scale) {
        return scale > 0 && Float.isFinite(scale) ? scale : 1;
    }
}
