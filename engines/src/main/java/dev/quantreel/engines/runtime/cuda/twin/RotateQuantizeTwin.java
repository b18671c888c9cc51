package dev.quantreel.engines.runtime.cuda.twin;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.cuda.kernel.CodeFormat;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Specification of `qr_rotate_quantize`: the rotation is [Rotation#apply], the codes are those of
/// [QuantizedActivation]. What is defined here are the producers and the order of sums.
public final class RotateQuantizeTwin {

    private static final float CUBIC = 0.044715f;
    private static final float ROOT_TWO_OVER_PI = 0.7978845608f;
    private static final float TWICE_LOG2_E = 2.8853900818f;

    private final Optional<Rotation> rotation;
    private final ActivationQuantizer quantizer;
    private final int bits;

    public RotateQuantizeTwin(Optional<Rotation> rotation, ActivationQuantizer quantizer, int bits) {
        this.rotation = rotation;
        this.quantizer = quantizer;
        this.bits = bits;
    }

    /// @param rows `[rows, width]`, not changed
    /// @param producer what is done to a row first, [#layerNorm], [#rmsNorm], [#gelu] or identity
    public QuantizedRows apply(ActivationMatrix rows, UnaryOperator<float[]> producer) {
        int width = rows.channels();
        float[] all = new float[rows.tokens() * width];
        for (int i = 0; i < rows.tokens(); i++) {
            float[] row = producer.apply(rows.token(i));
            rotation.ifPresent(r -> r.apply(row));
            System.arraycopy(row, 0, all, i * width, width);
        }
        ActivationMatrix rotated = ActivationMatrix.of(width, all);
        return quantizer.resolve(bits) instanceof ActivationQuantizer.RowNormalized
                ? rowNormalized(rotated)
                : quantized(rotated);
    }

    private QuantizedRows quantized(ActivationMatrix rows) {
        int width = rows.channels();
        CodeFormat format = CodeFormat.of(quantizer, width, bits);
        QuantizedActivation codes = QuantizedActivation.of(rows, quantizer, bits);
        int blocks = format.scalesPerRow(width);
        QuantizedRows result = new QuantizedRows(rows.tokens(), width, blocks);
        for (int i = 0; i < rows.tokens(); i++) {
            for (int j = 0; j < width; j++) {
                result.set(i, j, codes.code(0, i, j));
            }
            for (int g = 0; g < blocks; g++) {
                result.setScale(i, g, codes.scale(i, g * (width / blocks)));
            }
        }
        return result;
    }

    /// As [QuantizedActivation] with another order of the sum of squares, so that a scale may differ in its last bits.
    private QuantizedRows rowNormalized(ActivationMatrix rows) {
        int width = rows.channels();
        float max = ActivationQuantizer.maxCode(bits);
        OrderedSum sum = new OrderedSum(width);
        QuantizedRows result = new QuantizedRows(rows.tokens(), width, 1);
        for (int i = 0; i < rows.tokens(); i++) {
            float[] squares = rows.token(i);
            for (int j = 0; j < width; j++) {
                squares[j] *= squares[j];
            }
            float rms = (float) Math.sqrt(sum.of(squares) / width);
            float scale = rms * quantizer.clip(bits) / max;
            scale = scale > 0 ? scale : 1;
            result.setScale(i, 0, scale);
            for (int j = 0; j < width; j++) {
                result.set(i, j, (int) Math.clamp((float) Math.rint(rows.at(i, j) / scale), -max, max));
            }
        }
        return result;
    }

    /// Layer norm with modulation, `n * (gain + gainOffset) + shift`; see `RowProducer.Norm`.
    ///
    /// @param gain `[width]` of the row's group, empty for none
    /// @param shift `[width]`, empty for none
    public static UnaryOperator<float[]> layerNorm(float[] gain, float[] shift, float gainOffset, float epsilon) {
        return norm(true, gain, shift, gainOffset, epsilon);
    }

    /// As [#layerNorm], the mean stays.
    public static UnaryOperator<float[]> rmsNorm(float[] gain, float[] shift, float gainOffset, float epsilon) {
        return norm(false, gain, shift, gainOffset, epsilon);
    }

    private static UnaryOperator<float[]> norm(
            boolean centre, float[] gain, float[] shift, float gainOffset, float epsilon) {
        return row -> {
            OrderedSum sum = new OrderedSum(row.length);
            float mean = centre ? sum.of(row) / row.length : 0;
            float[] centred = row.clone();
            float[] squares = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                centred[i] = row[i] - mean;
                squares[i] = centred[i] * centred[i];
            }
            float inverse = 1 / (float) Math.sqrt(sum.of(squares) / row.length + epsilon);
            for (int i = 0; i < row.length; i++) {
                float n = centred[i] * inverse;
                n = gain.length > 0 ? n * (gain[i] + gainOffset) : n;
                centred[i] = shift.length > 0 ? n + shift[i] : n;
            }
            return centred;
        };
    }

    /// GELU, tanh form, as `x * sigmoid(2 u)`. The kernel's exponential is approximate: values agree to about 2^-20.
    public static float[] gelu(float[] row) {
        float[] result = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            float x = row[i];
            float u = ROOT_TWO_OVER_PI * (x + CUBIC * x * x * x);
            float e = (float) Math.pow(2, -TWICE_LOG2_E * u);
            result[i] = x * (1 / (1 + e));
        }
        return result;
    }
}
