package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.function.Function;

/// Emits the products of activations with stored weights: of integers, scaled afterwards, or of what they stand for.
record QuantizedProducts(OnnxGraphBuilder graph) {

    /// F32 `[batch, tokens, out]`: values times dequantized weights.
    Value floats(Value x, WeightEmitter.Stored weight) {
        WeightEmitter emitter = new WeightEmitter(graph);
        return joined(weight, factor -> graph.op(OnnxOp.MatMul, x, emitter.floats(weight.matrix(), factor)));
    }

    /// The integer product, scaled.
    Value scaled(Operands operands, WeightEmitter.Stored weight) {
        if (operands.groups() > 1) {
            return joined(weight, factor -> blockProducts(operands, weight.matrix(), factor));
        }
        boolean plain = operands.terms().size() == 1 && operands.zeroPoint().isEmpty();
        Value stepped = joined(
                weight,
                factor -> plain
                        ? product(operands, factor)
                        : graph.op(OnnxOp.Mul, products(operands, weight.matrix(), factor), factor.steps()));
        return graph.op(OnnxOp.Mul, stepped, operands.scale());
    }

    private Value joined(WeightEmitter.Stored weight, Function<WeightEmitter.Factor, Value> product) {
        Value[] parts = weight.factors().stream().map(product).toArray(Value[]::new);
        return parts.length == 1 ? parts[0] : graph.op(OnnxOp.Concat, Attributes.of("axis", -1), parts);
    }

    /// F32: exact integer sums times the steps.
    private Value product(Operands operands, WeightEmitter.Factor factor) {
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
    private Value products(Operands operands, QuantizedMatrix matrix, WeightEmitter.Factor factor) {
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
    private Value blockProducts(Operands operands, QuantizedMatrix matrix, WeightEmitter.Factor factor) {
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
