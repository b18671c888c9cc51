package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.internal.kernel.RotationKernels;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Quantreel's own operators, by what they are made of: the rotation and [QuantizedActivation], the integer product and
/// its scales. The twin of what the GPU engine does in its kernels.
final class LowBitOps {

    private static final int FIRST_TILE = 8;

    private LowBitOps() {}

    /// Outputs codes, scale, sum of the codes.
    static List<NdArray> rotateQuantize(NodeCall call) {
        NdArray x = call.in(0);
        int channels = x.dim(-1);
        int tokens = x.size() / channels;
        float[] rotated = new float[x.size()];
        float[] row = new float[channels];
        Optional<float[]> factors = call.has(1) ? Optional.of(floats(call.in(1))) : Optional.empty();
        for (int token = 0; token < tokens; token++) {
            for (int j = 0; j < channels; j++) {
                row[j] = (float) x.get(token * channels + j);
            }
            factors.ifPresent(
                    own -> RotationKernels.best().scaleThenTransform(row, call.integer("block_size", 1), own));
            System.arraycopy(row, 0, rotated, token * channels, channels);
        }
        QuantizedActivation codes = QuantizedActivation.of(
                ActivationMatrix.of(channels, rotated),
                quantizer(call, (float) call.in(3).get(0)),
                bits((float) call.in(2).get(0)));
        int[] perToken = x.dims();
        perToken[perToken.length - 1] = 1;
        return List.of(
                NdArray.of(DType.I8, x.dims(), i -> codes.code(0, i / channels, i % channels)),
                NdArray.of(DType.F32, perToken, token -> codes.scale(token, 0)),
                NdArray.of(DType.I32, perToken, token -> {
                    int sum = 0;
                    for (int j = 0; j < channels; j++) {
                        sum += codes.code(0, token, j);
                    }
                    return sum;
                }));
    }

    private static ActivationQuantizer quantizer(NodeCall call, float clip) {
        ClipRatios ratios = new ClipRatios(clip, clip, clip);
        int groupSize = call.integer("group_size", 0);
        return switch (call.text("mode", "")) {
            case "token" -> new ActivationQuantizer.Token(ratios);
            case "row_norm" -> new ActivationQuantizer.RowNormalized(ratios);
            case "block" -> new ActivationQuantizer.Block(groupSize, ratios);
            case "auto" ->
                new ActivationQuantizer.Auto(
                        new ActivationQuantizer.Block(groupSize, ratios),
                        new ActivationQuantizer.RowNormalized(ratios));
            default ->
                throw new IllegalArgumentException(
                        "mode is " + call.text("mode", "") + "; accepted are token, block, row_norm and auto");
        };
    }

    /// Of which this is the largest code.
    private static int bits(float max) {
        return 1 + Integer.SIZE - Integer.numberOfLeadingZeros((int) max);
    }

    /// `y = (sum * step) * scale + bias`, each rounded to F32; then gate and residual.
    static NdArray product(NodeCall call) {
        NdArray x = call.in(0);
        NdArray zeros = call.in(4);
        int outputs = zeros.size();
        int channels = x.dim(-1);
        byte[][] weight = weight(call, outputs, channels);
        int[] dims = x.dims();
        dims[dims.length - 1] = outputs;
        NdArray scaled = NdArray.of(DType.F32, dims, flat -> {
            int token = flat / outputs;
            int output = flat % outputs;
            long sum = 0;
            for (int k = 0; k < channels; k++) {
                sum += (long) x.get(token * channels + k) * (weight[output][k] & 0xFF);
            }
            sum -= (long) zeros.get(output) * (long) call.in(2).get(token);
            float stepped = (float) sum * (float) call.in(3).get(output);
            return stepped * (float) call.in(1).get(token);
        });
        NdArray biased = call.has(5) ? NdArray.zip(DType.F32, scaled, call.in(5), Double::sum) : scaled;
        NdArray gated = call.has(6) ? NdArray.zip(DType.F32, biased, call.in(6), (a, b) -> a * b) : biased;
        return call.has(7) ? NdArray.zip(DType.F32, gated, call.in(7), Double::sum) : gated;
    }

    private static byte[][] weight(NodeCall call, int outputs, int channels) {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = FIRST_TILE; i < call.inputs().size(); i++) {
            tensors.add(call.in(i).toTensor());
        }
        CodeTiles tiles = CodeTiles.of(outputs, call.integer("bits", 4), tensors);
        byte[][] codes = new byte[outputs][channels];
        for (int row = 0; row < outputs; row++) {
            tiles.row(row, codes[row]);
        }
        return codes;
    }

    private static float[] floats(NdArray array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i);
        }
        return values;
    }
}
