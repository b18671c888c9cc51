package dev.quantreel.engines.export;

import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.rotation.FusedValues;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Linears as TensorRT reads them: [ExportForm#QDQ_INT8], [ExportForm#INT4], [ExportForm#FP8]. Emitted in F32;
/// [StrongTyping] gives the graph its types afterwards.
///
/// What a plan does to an input before it is rounded (mean split, smoothing, rotation) is done here too, so
/// that the weights may be carried as they are. How activations are rounded is the form's: one constant scale
/// behind a division by the token's own ([RowScale]), or not at all.
///
/// Serves one graph at a time; not thread-safe.
final class CarriedLinears implements LinearLayers {

    private final QuantizedWeights weights;
    private final ProductForm form;
    private final FloatLinears floatLinears;
    private final FloatWeights floatWeights;
    private final Map<String, Tensor> weightSums = new HashMap<>();

    CarriedLinears(QuantizedWeights weights, ProductForm form) {
        this.weights = weights;
        this.form = form;
        this.floatWeights = new FloatWeights(weights.checkpoint());
        this.floatLinears = new FloatLinears(floatWeights);
    }

    /// @param operand left factor of the products of quantized layers
    /// @param rotated as it came before any rounding
    /// @param mean F32 `[batch, tokens, 1]`, where it was split off
    private record Prepared(Input raw, ProductForm.Operand operand, Value rotated, Optional<Value> mean)
            implements Input {}

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        Input raw = floatLinears.prepare(graph, x, layers);
        Optional<String> quantized = layers.stream()
                .filter(layer -> weights.matrix(layer).isPresent())
                .findFirst();
        if (quantized.isEmpty()) {
            return new Prepared(raw, ProductForm.Operand.NONE, x, Optional.empty());
        }
        String layer = quantized.get();
        boolean arrivesRotated = weights.checkpoint() instanceof FusedValues fused
                && layers.stream().anyMatch(fused::arrivesRotated);
        Optional<Value> mean =
                weights.plan().splitsMean() && !arrivesRotated ? Optional.of(mean(graph, x)) : Optional.empty();
        Value centred = mean.map(m -> graph.op(OnnxOp.Sub, x, m)).orElse(x);
        Value smoothed = weights.smoothing(layer)
                .map(factors -> graph.op(OnnxOp.Mul, centred, inverses(graph, factors)))
                .orElse(centred);
        QuantizedMatrix matrix = weights.matrix(layer).orElseThrow();
        Optional<Rotation> rotation = weights.rotation(matrix);
        Value rotated = arrivesRotated
                ? smoothed
                : rotation.map(r -> r.emit(graph, smoothed)).orElse(smoothed);
        RowScale scale = RowScale.of(weights.plan().activations().at(layer), rotation);
        return new Prepared(raw, form.operand(graph, rotated, scale), rotated, mean);
    }

    private static Value mean(OnnxGraphBuilder graph, Value x) {
        return graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), x, graph.longs(-1));
    }

    private static Value inverses(OnnxGraphBuilder graph, float[] factors) {
        float[] inverses = new float[factors.length];
        for (int i = 0; i < inverses.length; i++) {
            inverses[i] = 1 / factors[i];
        }
        return graph.constant(Tensor.of(Shape.of(inverses.length), inverses));
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        Optional<QuantizedMatrix> matrix = weights.matrix(layer);
        if (matrix.isEmpty()) {
            return floatLinears.apply(graph, prepared.raw, layer);
        }
        Value product = form.product(graph, prepared.operand, layer, matrix.get());
        Value whole = prepared.mean
                .map(mean -> graph.op(OnnxOp.Add, product, meanProduct(graph, mean, layer)))
                .orElse(product);
        return withBias(graph, whole, layer);
    }

    /// What the mean of a token adds to the output: `μ rowsum(W)`.
    private Value meanProduct(OnnxGraphBuilder graph, Value mean, String layer) {
        Tensor sums = weightSums.computeIfAbsent(layer, name -> {
            float[] ofRows = weights.rowSums(name, RowTasks.parallel(form.cancellation()));
            return Tensor.of(Shape.of(ofRows.length), ofRows);
        });
        return graph.op(OnnxOp.Mul, mean, graph.initializer(layer + ".weight_sums", sums));
    }

    /// The weight is carried, the activation is not rounded: it is one row a step that shifts all tokens.
    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        QuantizedMatrix matrix = weights.modulations().get(layer);
        if (matrix == null) {
            return floatLinears.modulation(graph, x, layer);
        }
        return withBias(graph, form.product(graph, ProductForm.Operand.of(x), layer, matrix), layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        return weights.matrix(layer).isPresent() ? prepared.rotated : floatLinears.operand(prepared.raw, layer);
    }

    @Override
    public Optional<ActivationQuantizer> activations() {
        return Optional.of(weights.plan().activations());
    }

    private Value withBias(OnnxGraphBuilder graph, Value product, String layer) {
        String name = layer + ".bias";
        return weights.checkpoint().contains(name)
                ? graph.op(OnnxOp.Add, product, graph.initializer(name, floatWeights.tensor(name)))
                : product;
    }

    private static Prepared prepared(Input input, String layer) {
        if (input instanceof Prepared prepared) {
            return prepared;
        }
        throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
    }
}
