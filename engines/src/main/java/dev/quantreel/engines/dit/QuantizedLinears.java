package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.CentroidTable;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.GeluOutputs;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.rotation.FusedValues;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Linears in integer arithmetic, as [dev.quantreel.engines.quant.ReferenceLinear] specifies it.
///
/// The input is rotated and quantized once for all layers that share it; the product of unsigned activations with
/// signed weights runs as MatMulIntegerToFloat, which scales the sums by the weight steps while they are in the cache;
/// the scale of the token and the bias follow in F32.
///
/// Weights are streamed as they are stored ([dev.quantreel.engines.quant.CodeTiles]): half a byte a weight up to four
/// bits is all that is resident, and a tile is unpacked just before its product. On x86 without VNNI ONNX Runtime adds
/// pairs in 16 bits, which is exact for weights of up to 6 bits only.
///
/// Weights that are no integer multiples of one step per row ([QuantizedMatrix#isInteger]: groups with steps of their
/// own, fractional zero points) are multiplied in F32, with the same quantized activations.
///
/// The bits of the activations are graph inputs, so one graph and one weight set serve all of them; or they are fixed
/// at construction and become constants. Serves one graph at a time; not thread-safe.
public final class QuantizedLinears implements LinearLayers {

    /// F32 scalar: the largest code of an activation, 7, 31 or 127.
    public static final String ACTIVATION_MAX = "activation_max";

    /// F32 scalar: [ActivationQuantizer#clip].
    public static final String ACTIVATION_CLIP = "activation_clip";

    private final QuantizedWeights weights;
    private final Arithmetic arithmetic;
    private final OptionalInt fixedBits;
    private final boolean byBlock;
    private final ActivationQuantizer activations;
    private final FloatWeights floatWeights;
    private final FloatLinears floatLinears;
    private final Map<Integer, List<CentroidTable>> centroids = new HashMap<>();
    private final Map<String, Tensor> weightSums = new HashMap<>();
    private @Nullable Emission emission;

    /// How the products of quantized values are computed.
    public enum Arithmetic {
        /// Integer products; scales afterwards.
        INTEGER,
        /// The reference: the same quantized values, multiplied in F32.
        FAKE_QUANT
    }

    private QuantizedLinears(QuantizedWeights weights, Arithmetic arithmetic, OptionalInt fixedBits, boolean byBlock) {
        this.weights = weights;
        this.arithmetic = arithmetic;
        this.fixedBits = fixedBits;
        this.byBlock = byBlock;
        ActivationQuantizer planned = weights.plan().activations();
        this.activations = fixedBits.isPresent() ? planned.resolve(fixedBits.getAsInt()) : planned;
        this.floatWeights = new FloatWeights(weights.checkpoint());
        this.floatLinears = new FloatLinears(floatWeights);
    }

    /// Linears whose activation bits are chosen at every run.
    public static QuantizedLinears of(QuantizedWeights weights, Arithmetic arithmetic) {
        return new QuantizedLinears(weights, arithmetic, OptionalInt.empty(), false);
    }

    /// Linears whose activations always have `bits` bits, 2 to 8.
    public static QuantizedLinears fixed(QuantizedWeights weights, Arithmetic arithmetic, int bits) {
        ActivationQuantizer.maxCode(bits);
        return new QuantizedLinears(weights, arithmetic, OptionalInt.of(bits), false);
    }

    /// What belongs to the graph under construction.
    private record Emission(
            OnnxGraphBuilder graph,
            Function<String, ActivationInputs.Scalars> scalars,
            Map<String, WeightEmitter.Stored> stored) {}

    /// An activation as it came, and its quantized form where a layer of the group needs it.
    ///
    /// @param mean F32 `[batch, tokens, 1]`, where it was split off
    /// @param isShifted whether the quantized form is that of an output of a GELU, [GeluOutputs]
    private record Prepared(
            Input raw, Value rotated, Optional<Value> mean, Optional<Operands> operands, boolean isShifted)
            implements Input {

        static Prepared unquantized(Input raw, Value rotated) {
            return new Prepared(raw, rotated, Optional.empty(), Optional.empty(), false);
        }
    }

    @Override
    public void declareInputs(OnnxGraphBuilder graph) {
        if (fixedBits.isPresent()) {
            int bits = fixedBits.getAsInt();
            ActivationInputs.Scalars constants = new ActivationInputs.Scalars(
                    graph.constant(ActivationQuantizer.maxCode(bits)), graph.constant(activations.clip(bits)));
            emission = new Emission(graph, layer -> constants, new HashMap<>());
            return;
        }
        ActivationInputs inputs = new ActivationInputs(graph, byBlock);
        emission = new Emission(graph, inputs::of, new HashMap<>());
        if (!byBlock && !(activations instanceof ActivationQuantizer.FullPrecision)) {
            inputs.of("");
        }
    }

    @Override
    public Optional<LinearLayers> byBlock() {
        return inputs(8).isEmpty()
                ? Optional.empty()
                : Optional.of(new QuantizedLinears(weights, arithmetic, fixedBits, true));
    }

    @Override
    public void passed(OnnxGraphBuilder graph, String block, Value before, Value after) {
        if (byBlock) {
            ActivationInputs.contribution(graph, block, before, after);
        }
    }

    @Override
    public Map<String, Tensor> inputs(int activationBits) {
        if (fixedBits.isPresent() || activations instanceof ActivationQuantizer.FullPrecision) {
            return Map.of();
        }
        return Map.of(
                ACTIVATION_MAX, Tensor.scalar(ActivationQuantizer.maxCode(activationBits)),
                ACTIVATION_CLIP, Tensor.scalar(activations.clip(activationBits)));
    }

    @Override
    public Optional<ActivationQuantizer> activations() {
        return Optional.of(activations);
    }

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        Input raw = floatLinears.prepare(graph, x, layers);
        Optional<String> quantized = layers.stream()
                .filter(layer -> weights.matrix(layer).isPresent())
                .findFirst();
        Optional<QuantizedMatrix> matrix = quantized.flatMap(weights::matrix);
        if (matrix.isEmpty()) {
            return Prepared.unquantized(raw, x);
        }
        boolean arrivesRotated = weights.checkpoint() instanceof FusedValues fused
                && layers.stream().anyMatch(fused::arrivesRotated);
        Optional<Value> mean =
                weights.plan().splitsMean() && !arrivesRotated ? Optional.of(tokenMean(graph, x)) : Optional.empty();
        Value centred = mean.map(m -> graph.op(OnnxOp.Sub, x, m)).orElse(x);
        Optional<float[]> factors = quantized.flatMap(weights::smoothing);
        Value smoothed = factors.map(own -> smoothed(graph, centred, own)).orElse(centred);
        Optional<Rotation> rotation = arrivesRotated ? Optional.empty() : weights.rotation(matrix.get());
        Value rotated = rotation.map(r -> r.emit(graph, smoothed)).orElse(smoothed);
        if (activations instanceof ActivationQuantizer.FullPrecision) {
            return Prepared.unquantized(raw, rotated);
        }
        ActivationInputs.Scalars scalars = emission(graph).scalars.apply(layers.getFirst());
        boolean wide = fixedBits.isEmpty() || fixedBits.getAsInt() > 4;
        ActivationEmitter emitter = new ActivationEmitter(
                graph,
                scalars.max(),
                scalars.clip(),
                wide,
                width -> centroids.computeIfAbsent(width, CentroidTable::all));
        int channels = matrix.get().columns();
        ActivationQuantizer own = activations.at(quantized.get());
        boolean isShifted = activations.shifts(quantized.get());
        Value meets = rotated;
        if (isShifted) {
            Value shifted = graph.op(OnnxOp.Add, x, graph.constant(GeluOutputs.SHIFT));
            meets = factors.map(divisors -> smoothed(graph, shifted, divisors)).orElse(shifted);
        }
        return new Prepared(raw, rotated, mean, Optional.of(emitter.emit(own, meets, channels)), isShifted);
    }

    private static Value tokenMean(OnnxGraphBuilder graph, Value x) {
        return graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), x, graph.longs(-1));
    }

    /// What the mean of a token adds to the output: `μ rowsum(W)`.
    private Value meanProduct(OnnxGraphBuilder graph, Value mean, String layer) {
        Tensor sums = weightSums.computeIfAbsent(layer, name -> {
            float[] ofRows = weights.rowSums(name, RowTasks.parallel(CancellationToken.NONE));
            return Tensor.of(Shape.of(ofRows.length), ofRows);
        });
        return graph.op(OnnxOp.Mul, mean, graph.initializer(layer + ".weight_sums", sums));
    }

    /// What the shift of an output of a GELU adds to the output of a layer: `SHIFT Σ_j Ŵ_oj / s_j`, with the weight
    /// as it is multiplied.
    private Value shiftProduct(OnnxGraphBuilder graph, String layer) {
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        Optional<float[]> factors = weights.smoothing(layer);
        float[] sums = new float[matrix.rows()];
        float[] row = new float[matrix.columns()];
        for (int o = 0; o < sums.length; o++) {
            matrix.dequantizeRow(o, row);
            double sum = 0;
            for (int j = 0; j < row.length; j++) {
                sum += factors.isPresent() ? row[j] / factors.get()[j] : row[j];
            }
            sums[o] = (float) (GeluOutputs.SHIFT * sum);
        }
        return graph.initializer(layer + ".shift_product", Tensor.of(Shape.of(sums.length), sums));
    }

    /// Every channel divided by its factor.
    private static Value smoothed(OnnxGraphBuilder graph, Value x, float[] factors) {
        float[] inverses = new float[factors.length];
        for (int i = 0; i < inverses.length; i++) {
            inverses[i] = 1 / factors[i];
        }
        return graph.op(OnnxOp.Mul, x, graph.constant(Tensor.of(Shape.of(inverses.length), inverses)));
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        Optional<QuantizedMatrix> matrix = weights.matrix(layer);
        if (matrix.isEmpty()) {
            return floatLinears.apply(graph, prepared.raw, layer);
        }
        WeightEmitter emitter = new WeightEmitter(graph);
        Value left = prepared.operands
                .map(operands -> operands.terms().getFirst().operand())
                .orElse(prepared.rotated);
        boolean integers = arithmetic == Arithmetic.INTEGER && matrix.get().isInteger();
        boolean widened = prepared.operands.isEmpty() || !integers;
        WeightEmitter.Stored weight =
                emission(graph).stored.computeIfAbsent(layer, name -> emitter.store(name, matrix.get(), left, widened));
        Value product = prepared.operands
                .map(operands -> integers
                        ? scaled(graph, operands, weight)
                        : floatProduct(
                                graph,
                                operands.dequantized(graph, weight.matrix().columns()),
                                weight))
                .orElseGet(() -> floatProduct(graph, prepared.rotated, weight));
        Value unshifted = prepared.isShifted ? graph.op(OnnxOp.Sub, product, shiftProduct(graph, layer)) : product;
        Value whole = prepared.mean
                .map(mean -> graph.op(OnnxOp.Add, unshifted, meanProduct(graph, mean, layer)))
                .orElse(unshifted);
        return withBias(graph, whole, layer);
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        QuantizedMatrix matrix = weights.modulations().get(layer);
        if (matrix == null) {
            return floatLinears.modulation(graph, x, layer);
        }
        WeightEmitter.Stored weight = new WeightEmitter(graph).store(layer, matrix, x, true);
        return withBias(graph, floatProduct(graph, x, weight), layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        return weights.matrix(layer).isPresent() ? prepared.rotated : floatLinears.operand(prepared.raw, layer);
    }

    private static Prepared prepared(Input input, String layer) {
        if (input instanceof Prepared prepared) {
            return prepared;
        }
        throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
    }

    private Value withBias(OnnxGraphBuilder graph, Value product, String layer) {
        String name = layer + ".bias";
        return weights.checkpoint().contains(name)
                ? graph.op(OnnxOp.Add, product, graph.initializer(name, floatWeights.tensor(name)))
                : product;
    }

    private Emission emission(OnnxGraphBuilder graph) {
        if (emission == null || emission.graph != graph) {
            throw new IllegalStateException("declareInputs was not called for this graph");
        }
        return emission;
    }

    private static Value floatProduct(OnnxGraphBuilder graph, Value x, WeightEmitter.Stored weight) {
        WeightEmitter emitter = new WeightEmitter(graph);
        return joined(graph, weight, factor -> graph.op(OnnxOp.MatMul, x, emitter.floats(weight.matrix(), factor)));
    }

    /// The integer product, scaled.
    private static Value scaled(OnnxGraphBuilder graph, Operands operands, WeightEmitter.Stored weight) {
        if (operands.groups() > 1) {
            return joined(graph, weight, factor -> blockProducts(graph, operands, weight.matrix(), factor));
        }
        boolean plain = operands.terms().size() == 1 && operands.zeroPoint().isEmpty();
        Value stepped = joined(
                graph,
                weight,
                factor -> plain
                        ? product(graph, operands, factor)
                        : graph.op(OnnxOp.Mul, products(graph, operands, weight.matrix(), factor), factor.steps()));
        return graph.op(OnnxOp.Mul, stepped, operands.scale());
    }

    private static Value joined(
            OnnxGraphBuilder graph, WeightEmitter.Stored weight, Function<WeightEmitter.Factor, Value> product) {
        Value[] parts = weight.factors().stream().map(product).toArray(Value[]::new);
        return parts.length == 1 ? parts[0] : graph.op(OnnxOp.Concat, Attributes.of("axis", -1), parts);
    }

    /// F32: exact integer sums times the steps.
    private static Value product(OnnxGraphBuilder graph, Operands operands, WeightEmitter.Factor factor) {
        return graph.op(
                OnnxOp.MatMulIntegerToFloat,
                operands.terms().getFirst().operand(),
                factor.integers(),
                graph.constant(1f),
                factor.steps(),
                new WeightEmitter(graph).bytes(operands.offset()),
                factor.zeroPoint());
    }

    /// F32 of exact integer sums where one product does not do: split codes, or a zero point by token.
    private static Value products(
            OnnxGraphBuilder graph, Operands operands, QuantizedMatrix matrix, WeightEmitter.Factor factor) {
        WeightEmitter emitter = new WeightEmitter(graph);
        Value offset = operands.zeroPoint().isPresent() ? graph.none : emitter.bytes(operands.offset());
        Value[] sums = operands.terms().stream()
                .map(term ->
                        graph.op(OnnxOp.MatMulInteger, term.operand(), factor.integers(), offset, factor.zeroPoint()))
                .toArray(Value[]::new);
        if (operands.zeroPoint().isPresent()) {
            Value correction = graph.op(OnnxOp.Mul, operands.zeroPoint().get(), emitter.rowSums(matrix, factor));
            return emitter.cast(graph.op(OnnxOp.Sub, sums[0], correction), DType.F32);
        }
        if (sums.length == 1) {
            return emitter.cast(sums[0], DType.F32);
        }
        int upperFactor = operands.terms().getFirst().factor();
        long largest = 127L * (upperFactor + 1) * largestLevel(matrix) * matrix.columns();
        if (largest < Integer.MAX_VALUE) {
            Value upper = graph.op(OnnxOp.Mul, sums[0], emitter.ints(Shape.of(), upperFactor));
            return emitter.cast(graph.op(OnnxOp.Add, upper, sums[1]), DType.F32);
        }
        Value upper = graph.op(OnnxOp.Mul, emitter.cast(sums[0], DType.F32), graph.constant(upperFactor));
        return graph.op(OnnxOp.Add, upper, emitter.cast(sums[1], DType.F32));
    }

    private static int largestLevel(QuantizedMatrix matrix) {
        MatrixGrids grids = matrix.grids();
        boolean wholeByte = grids.areMultiples() || grids.values() instanceof CodeValues.Table;
        return wholeByte ? 127 : (1 << matrix.bits()) - 1;
    }

    /// F32 `[batch, tokens, outputs]`: one integer product per block, each scaled before they are added.
    private static Value blockProducts(
            OnnxGraphBuilder graph, Operands operands, QuantizedMatrix matrix, WeightEmitter.Factor factor) {
        WeightEmitter emitter = new WeightEmitter(graph);
        int groups = operands.groups();
        Value blocks = graph.op(
                OnnxOp.Reshape,
                emitter.levels(factor),
                graph.longs(groups, matrix.columns() / groups, factor.outputs()));
        Value operand = operands.terms().getFirst().operand();
        Value sums = graph.op(OnnxOp.MatMulInteger, operand, blocks, emitter.bytes(operands.offset()));
        Value scaled = graph.op(OnnxOp.Mul, emitter.cast(sums, DType.F32), operands.scale());
        Value added = graph.op(OnnxOp.ReduceSum, Attributes.of("keepdims", 0), scaled, graph.longs(1));
        return graph.op(OnnxOp.Mul, added, factor.steps());
    }
}
