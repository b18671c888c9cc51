package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.CentroidTable;
import dev.quantreel.engines.quant.GeluOutputs;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.rotation.FusedValues;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
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
        FAKE_QUANT,
        /// Integer products by Quantreel's own operators ([FusedProducts]), for engines that have them
        /// ([dev.quantreel.engines.runtime.Engine#hasFusedLinears]); as [#INTEGER] where a layer does not fit.
        FUSED
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
    /// @param factors F32 `[batch, 1, channels]` that the input was divided by, where they are its own
    /// @param mean F32 `[batch, tokens, 1]`, where it was split off
    /// @param isShifted whether the quantized form is that of an output of a GELU, [GeluOutputs]
    /// @param fused the quantized form of layers that fit [FusedProducts]
    private record Prepared(
            Input raw,
            Supplier<Value> rotated,
            Optional<Value> factors,
            Optional<Value> mean,
            Optional<Operands> operands,
            boolean isShifted,
            Optional<FusedProducts.Activation> fused)
            implements Input {

        static Prepared unquantized(Input raw, Value rotated, Optional<Value> factors) {
            return new Prepared(
                    raw, () -> rotated, factors, Optional.empty(), Optional.empty(), false, Optional.empty());
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
            return Prepared.unquantized(raw, x, Optional.empty());
        }
        boolean arrivesRotated = weights.checkpoint() instanceof FusedValues fused
                && layers.stream().anyMatch(fused::arrivesRotated);
        Optional<Value> mean =
                weights.plan().splitsMean() && !arrivesRotated ? Optional.of(tokenMean(graph, x)) : Optional.empty();
        Value centred = mean.map(m -> graph.op(OnnxOp.Sub, x, m)).orElse(x);
        Optional<float[]> factors = quantized.flatMap(weights::smoothing);
        Optional<Value> ofInput = ofInput(graph, centred, layers);
        Value smoothed = factors.map(own -> new SmoothingEmitter(graph).known(centred, own))
                .or(() -> ofInput.map(own -> graph.op(OnnxOp.Div, centred, own)))
                .orElse(centred);
        Optional<Rotation> rotation = arrivesRotated ? Optional.empty() : weights.rotation(matrix.get());
        Optional<FusedProducts.Activation> fused =
                ofInput.isPresent() ? Optional.empty() : fused(graph, smoothed, rotation, layers);
        LateValue rotated = new LateValue(() -> rotated(graph, smoothed, rotation));
        Prepared prepared = new Prepared(raw, rotated, ofInput, mean, Optional.empty(), false, fused);
        return fused.isPresent() && layers.stream().allMatch(this::isFusedOrPlain)
                ? prepared
                : withOperands(graph, x, prepared, quantized.get(), layers.getFirst());
    }

    /// The same with the quantized form in operators of ONNX.
    private Prepared withOperands(OnnxGraphBuilder graph, Value x, Prepared prepared, String layer, String first) {
        Value rotated = prepared.rotated.get();
        if (activations instanceof ActivationQuantizer.FullPrecision) {
            return Prepared.unquantized(prepared.raw, rotated, prepared.factors);
        }
        ActivationEmitter emitter = emitter(graph, first);
        int channels = weights.matrix(layer).orElseThrow().columns();
        boolean isShifted = activations.shifts(layer);
        Value meets = rotated;
        if (isShifted) {
            Value shifted = graph.op(OnnxOp.Add, x, graph.constant(GeluOutputs.SHIFT));
            meets = weights.smoothing(layer)
                    .map(divisors -> new SmoothingEmitter(graph).known(shifted, divisors))
                    .orElse(shifted);
        }
        Operands operands = emitter.emit(activations.at(layer), meets, channels);
        return new Prepared(
                prepared.raw,
                () -> rotated,
                prepared.factors,
                prepared.mean,
                Optional.of(operands),
                isShifted,
                prepared.fused);
    }

    private static Value rotated(OnnxGraphBuilder graph, Value x, Optional<Rotation> rotation) {
        return rotation.map(own -> own.emit(graph, x)).orElse(x);
    }

    /// The input as Quantreel's own operators take it; empty where they serve no layer of the group.
    private Optional<FusedProducts.Activation> fused(
            OnnxGraphBuilder graph, Value x, Optional<Rotation> rotation, List<String> layers) {
        Optional<String> layer = layers.stream()
                .filter(name -> weights.matrix(name).map(FusedProducts::fit).orElse(false))
                .findFirst()
                .filter(name -> arithmetic == Arithmetic.FUSED
                        && !activations.shifts(name)
                        && FusedProducts.fit(activations.at(name), rotation));
        return layer.map(
                name -> new FusedProducts(graph, emission(graph).scalars.apply(layers.getFirst()))
                        .quantized(activations.at(name), x, rotation));
    }

    private boolean isFusedOrPlain(String layer) {
        return weights.matrix(layer).map(FusedProducts::fit).orElse(true);
    }

    private ActivationEmitter emitter(OnnxGraphBuilder graph, String layer) {
        ActivationInputs.Scalars scalars = emission(graph).scalars.apply(layer);
        boolean wide = fixedBits.isEmpty() || fixedBits.getAsInt() > 4;
        return new ActivationEmitter(
                graph,
                scalars.max(),
                scalars.clip(),
                wide,
                width -> centroids.computeIfAbsent(width, CentroidTable::all));
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

    /// The factors of an input that is smoothed by itself.
    private Optional<Value> ofInput(OnnxGraphBuilder graph, Value x, List<String> layers) {
        if (!(weights.plan().smoothing() instanceof SmoothingPlan.OfInput(double alpha))) {
            return Optional.empty();
        }
        List<String> readers = layers.stream()
                .filter(layer -> weights.matrix(layer).isPresent())
                .toList();
        return Optional.of(new SmoothingEmitter(graph).ofInput(x, weights.largestOfColumns(readers), alpha));
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        Optional<QuantizedMatrix> matrix = weights.matrix(layer);
        if (matrix.isEmpty()) {
            return floatLinears.apply(graph, prepared.raw, layer);
        }
        if (prepared.fused.isPresent() && FusedProducts.fit(matrix.get())) {
            Value fused = new FusedProducts(graph, emission(graph).scalars.apply(layer))
                    .product(prepared.fused.get(), layer, matrix.get(), bias(graph, layer));
            return prepared.mean
                    .map(mean -> graph.op(OnnxOp.Add, fused, meanProduct(graph, mean, layer)))
                    .orElse(fused);
        }
        Value product = prepared.factors
                .map(factors -> productOfInput(graph, prepared, factors, layer))
                .orElseGet(() -> product(graph, prepared, layer));
        Value unshifted = prepared.isShifted ? graph.op(OnnxOp.Sub, product, shiftProduct(graph, layer)) : product;
        Value whole = prepared.mean
                .map(mean -> graph.op(OnnxOp.Add, unshifted, meanProduct(graph, mean, layer)))
                .orElse(unshifted);
        return withBias(graph, whole, layer);
    }

    private Value product(OnnxGraphBuilder graph, Prepared prepared, String layer) {
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        QuantizedProducts products = new QuantizedProducts(graph);
        Value left = prepared.operands
                .map(operands -> operands.terms().getFirst().operand())
                .orElseGet(prepared.rotated);
        boolean integers = arithmetic != Arithmetic.FAKE_QUANT && matrix.isInteger();
        boolean widened = prepared.operands.isEmpty() || !integers;
        WeightEmitter.Stored weight = emission(graph).stored.computeIfAbsent(layer, name -> new WeightEmitter(graph)
                .store(name, matrix, left, widened));
        return prepared.operands
                .map(operands -> integers
                        ? products.scaled(operands, weight)
                        : products.floats(operands.dequantized(graph, matrix.columns()), weight))
                .orElseGet(() -> products.floats(prepared.rotated.get(), weight));
    }

    /// With the weight rounded for this very input.
    private Value productOfInput(OnnxGraphBuilder graph, Prepared prepared, Value factors, String layer) {
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        Value left = prepared.operands
                .map(operands -> operands.dequantized(graph, matrix.columns()))
                .orElseGet(prepared.rotated);
        Value weight = floatLinears.matrix(graph, layer, left);
        Value rounded = new SmoothingEmitter(graph).rounded(weight, factors, weights.rotation(matrix), matrix.bits());
        return graph.op(OnnxOp.MatMul, left, rounded);
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        QuantizedMatrix matrix = weights.modulations().get(layer);
        if (matrix == null) {
            return floatLinears.modulation(graph, x, layer);
        }
        WeightEmitter.Stored weight = new WeightEmitter(graph).store(layer, matrix, x, true);
        return withBias(graph, new QuantizedProducts(graph).floats(x, weight), layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        return weights.matrix(layer).isPresent() ? prepared.rotated.get() : floatLinears.operand(prepared.raw, layer);
    }

    private static Prepared prepared(Input input, String layer) {
        if (input instanceof Prepared prepared) {
            return prepared;
        }
        throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
    }

    private Value withBias(OnnxGraphBuilder graph, Value product, String layer) {
        return bias(graph, layer)
                .map(bias -> graph.op(OnnxOp.Add, product, bias))
                .orElse(product);
    }

    private Optional<Value> bias(OnnxGraphBuilder graph, String layer) {
        String name = layer + ".bias";
        return weights.checkpoint().contains(name)
                ? Optional.of(graph.initializer(name, floatWeights.tensor(name)))
                : Optional.empty();
    }

    private Emission emission(OnnxGraphBuilder graph) {
        if (emission == null || emission.graph != graph) {
            throw new IllegalStateException("declareInputs was not called for this graph");
        }
        return emission;
    }
}
