package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/// Quantreel's own operators, by what they are made of: the rotation and [QuantizedActivation], the integer product and
/// its scales. The twin of what the GPU engine does in its kernels.
final class LowBitOps {

    private static final int FIRST_TILE = 8;

    private LowBitOps() {}

    /// Outputs codes, scale, sum of the codes.
    static List<NdArray> rotateQuantize(NodeCall call) {
        NdArray x = produced(call);
        int channels = x.dim(-1);
        int tokens = x.size() / channels;
        float[] rotated = new float[x.size()];
        float[] row = new float[channels];
        Optional<Rotation> rotation = rotation(call, channels);
        for (int token = 0; token < tokens; token++) {
            for (int j = 0; j < channels; j++) {
                row[j] = (float) x.get(token * channels + j);
            }
            rotation.ifPresent(own -> own.apply(row));
            System.arraycopy(row, 0, rotated, token * channels, channels);
        }
        QuantizedActivation codes = QuantizedActivation.of(
                ActivationMatrix.of(channels, rotated),
                quantizer(call, (float) call.in(2).get(0)),
                bits((float) call.in(1).get(0)));
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

    /// The rows that are quantized.
    private static NdArray produced(NodeCall call) {
        String producer = call.text("producer", "");
        return switch (producer) {
            case "" -> call.in(0);
            case "gelu" -> call.in(0).map(Elementwise::geluTanh);
            case "norm" -> Normalizations.gained(call);
            default ->
                throw new IllegalArgumentException("producer is '" + producer + "'; accepted are norm, gelu and none");
        };
    }

    private static Optional<Rotation> rotation(NodeCall call, int channels) {
        int blockSize = call.integer("block_size", 0);
        return blockSize == 0
                ? Optional.empty()
                : Optional.of(Rotation.of(channels, blockSize, call.longInteger("seed", 0)));
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

    /// `y = (scale * step) * sum + bias`, then gate and residual, each product and sum rounded once together.
    static NdArray product(NodeCall call) {
        NdArray x = call.in(0);
        NdArray zeros = call.in(4);
        int outputs = zeros.size();
        int channels = x.dim(-1);
        byte[][] weight = weight(call, outputs, channels);
        int[] dims = x.dims();
        dims[dims.length - 1] = outputs;
        DoubleUnaryOperator activation = activation(call.text("activation", ""));
        NdArray linear = NdArray.of(DType.F32, dims, flat -> {
            int token = flat / outputs;
            int output = flat % outputs;
            long sum = -(long) zeros.get(output) * (long) call.in(2).get(token);
            for (int k = 0; k < channels; k++) {
                sum += (long) x.get(token * channels + k) * (weight[output][k] & 0xFF);
            }
            float scale = (float) call.in(1).get(token) * (float) call.in(3).get(output);
            float bias = call.has(5) ? (float) call.in(5).get(output) : 0;
            return activation.applyAsDouble(Math.fma((float) sum, scale, bias));
        });
        if (!call.has(6) && !call.has(7)) {
            return linear;
        }
        return NdArray.of(DType.F32, dims, flat -> {
            float gate = call.has(6) ? (float) call.in(6).get(gateAt(call.in(6), flat, dims)) : 1;
            float residual = call.has(7) ? (float) call.in(7).get(flat) : 0;
            return Math.fma((float) linear.get(flat), gate, residual);
        });
    }

    /// A gate has one row per stretch of equally many tokens.
    private static int gateAt(NdArray gate, int flat, int[] dims) {
        int outputs = dims[dims.length - 1];
        int tokensPerGate = NdArray.count(dims) / gate.size();
        return flat / outputs / tokensPerGate * outputs + flat % outputs;
    }

    private static DoubleUnaryOperator activation(String name) {
        return switch (name) {
            case "" -> value -> value;
            case "tanh" -> Elementwise::geluTanh;
            case "none" -> Elementwise::gelu;
            default ->
                throw new IllegalArgumentException(
                        "activation is " + name + "; accepted are tanh and none, as of Gelu");
        };
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
}
