package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.CodeFormat;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceRotation;
import dev.quantreel.engines.runtime.cuda.kernel.GemmActivation;
import dev.quantreel.engines.runtime.cuda.kernel.GemmOutput;
import dev.quantreel.engines.runtime.cuda.kernel.GemmTokens;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.runtime.cuda.kernel.RotateQuantize;
import dev.quantreel.engines.runtime.cuda.kernel.RowProducer;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.TokenMode;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Steps by the kernels of quantized linears.
final class LowBitSteps {

    private static final int GAIN = 3;
    private static final int SHIFT = 4;
    private static final int GATE = 6;
    private static final int RESIDUAL = 7;
    private static final int WEIGHT = 8;

    private final LowBitGemm gemm;
    private final RotateQuantize rotateQuantize;
    private final Map<Key, DeviceRotation> rotations = new HashMap<>();

    private record Key(int width, int blockSize, long seed) {}

    LowBitSteps(KernelLibrary kernels) {
        this.gemm = new LowBitGemm(kernels);
        this.rotateQuantize = new RotateQuantize(kernels);
    }

    void launch(CudaStream stream, StepArrays arrays) {
        if (arrays.step().op() == OnnxOp.RotateQuantize) {
            quantize(stream, arrays);
        } else {
            product(stream, arrays);
        }
    }

    private void quantize(CudaStream stream, StepArrays arrays) {
        NodeAttributes attributes = arrays.attributes();
        DeviceArray x = arrays.in(0);
        int width = Math.toIntExact(x.shape().dim(-1));
        int rows = Math.toIntExact(x.shape().elements() / width);
        boolean packed = arrays.out(0).dtype() == DType.I4;
        CodeFormat format = format(arrays, width, packed);
        rotateQuantize.launch(
                stream,
                new RotateQuantize.Rows(x.span(), x.dtype(), rows, width),
                producer(arrays, rows, width),
                rotation(attributes, width),
                new RotateQuantize.Step(
                        format,
                        new RotateQuantize.Output(
                                arrays.out(0).span(),
                                arrays.out(1).span(),
                                Optional.of(arrays.out(2).span()))));
    }

    private static RowProducer producer(StepArrays arrays, int rows, int width) {
        NodeAttributes attributes = arrays.attributes();
        String name = attributes.text("producer", "");
        return switch (name) {
            case "" -> new RowProducer.None();
            case "gelu" -> new RowProducer.Gelu();
            case "norm" -> {
                Optional<DeviceArray> gain = arrays.optional(GAIN);
                Optional<DeviceArray> shift = arrays.optional(SHIFT);
                long stretches = gain.or(() -> shift)
                        .map(vectors -> vectors.shape().elements() / width)
                        .orElse(1L);
                yield new RowProducer.Norm(
                        attributes.integer("centred", 0) == 1,
                        gain.map(DeviceArray::span),
                        shift.map(DeviceArray::span),
                        attributes.real("gain_offset", 0),
                        attributes.real("epsilon", 1e-5f),
                        Math.toIntExact(rows / stretches));
            }
            default ->
                throw new IllegalArgumentException("producer is '" + name + "'; accepted are norm, gelu and none");
        };
    }

    private static CodeFormat format(StepArrays arrays, int width, boolean packed) {
        int max = (int) arrays.known(1).first();
        float clip = arrays.known(2).first();
        int groupSize = commonDivisor(arrays.attributes().integer("group_size", 0), width);
        return switch (TokenMode.of(arrays.attributes(), arrays.known(1))) {
            case TOKEN -> new CodeFormat(CodeFormat.Scaling.TOKEN, 0, max, clip, packed);
            case ROW_NORM -> new CodeFormat(CodeFormat.Scaling.ROW_NORMALIZED, 0, max, clip, packed);
            case BLOCK -> new CodeFormat(CodeFormat.Scaling.BLOCK, groupSize, max, clip, false);
        };
    }

    /// As [dev.quantreel.engines.quant.ActivationQuantizer#fit] makes a block size fit the channels.
    private static int commonDivisor(int groupSize, int width) {
        return BigInteger.valueOf(groupSize).gcd(BigInteger.valueOf(width)).intValueExact();
    }

    /// On the device, kept for all steps that rotate alike.
    private Optional<DeviceRotation> rotation(NodeAttributes attributes, int width) {
        int blockSize = attributes.integer("block_size", 0);
        if (blockSize == 0) {
            return Optional.empty();
        }
        Key key = new Key(width, blockSize, attributes.longInteger("seed", 0));
        return Optional.of(Objects.requireNonNull(
                rotations.get(key), () -> "the rotation " + key + " was not prepared before it was queued"));
    }

    /// Brings what the steps of a plan share to the device, before any of them is queued or recorded.
    void prepare(CudaStream stream, Step step) {
        int blockSize = step.attributes().integer("block_size", 0);
        if (step.op() == OnnxOp.RotateQuantize && blockSize > 0) {
            int width = Math.toIntExact(step.in(0).shape().dim(-1));
            Key key = new Key(width, blockSize, step.attributes().longInteger("seed", 0));
            rotations.computeIfAbsent(
                    key, missing -> DeviceRotation.upload(stream, Rotation.of(width, blockSize, missing.seed)));
        }
    }

    void close() {
        rotations.values().forEach(DeviceRotation::close);
        rotations.clear();
    }

    private void product(CudaStream stream, StepArrays arrays) {
        NodeAttributes attributes = arrays.attributes();
        int columns = attributes.integer(LowBitWeight.COLUMNS, 0);
        int bits = attributes.integer("bits", 4) <= 4 ? 4 : 8;
        PackedLayout layout = new PackedLayout(attributes.integer(LowBitWeight.ROWS, 0), columns, bits);
        DeviceArray codes = arrays.in(0);
        int rows = Math.toIntExact(codes.shape().elements() / columns);
        GemmTokens tokens = new GemmTokens(
                codes.span(),
                codes.dtype() == DType.I4 ? 4 : 8,
                rows,
                arrays.in(1).span(),
                arrays.in(2).span(),
                columns);
        PackedWeights weights =
                PackedWeights.at(layout, arrays.in(WEIGHT).span(), attributes.integer(LowBitWeight.BIAS, 0) == 1);
        GemmOutput output = new GemmOutput(
                arrays.out().span(),
                arrays.out().dtype(),
                activation(attributes),
                gate(arrays, layout.rows()),
                arrays.has(RESIDUAL) ? arrays.in(RESIDUAL).span() : null);
        gemm.launch(stream, tokens, weights, output);
    }

    private static GemmActivation activation(NodeAttributes attributes) {
        return switch (attributes.text("activation", "")) {
            case "tanh" -> GemmActivation.GELU_TANH;
            case "none" -> GemmActivation.GELU_ERF;
            default -> GemmActivation.NONE;
        };
    }

    private static GemmOutput.@Nullable Gate gate(StepArrays arrays, int outputs) {
        if (!arrays.has(GATE)) {
            return null;
        }
        DeviceSpan values = arrays.in(GATE).span();
        Shape shape = arrays.in(GATE).shape();
        return new GemmOutput.Gate(values, Math.toIntExact(shape.elements() / outputs));
    }
}
