package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// Emits the products of one typed form, and keeps what became of each weight. A weight that several graphs
/// hold (the trunks of one branch and of both) is laid out once.
final class ProductForm {

    private static final int FOUR_BITS = 4;

    /// Fewer columns a scale are refused by the lint: such weights are carried as values.
    private static final int LEAST_BLOCK = 16;
    private static final String ZEROS = ".weight_zeros";
    private static final String BLOCKS = "inputs_of_blocks.";

    private final ExportForm form;
    private final int blockSize;
    private final WeightCarrier carrier;
    private final Function<String, Optional<WeightMatrix>> unrounded;
    private final UnaryOperator<Tensor> place;
    private final Map<String, CarriedWeight> carried = new HashMap<>();
    private final Map<String, Tensor> values = new HashMap<>();
    private final Map<OnnxGraphBuilder, Map<String, Value>> indicators = new WeakHashMap<>();
    private final List<RecodedLayer> report = new ArrayList<>();

    /// @param unrounded full-precision weights of layers that are rounded anew to fewer bits
    /// @param place where laid-out weights are kept, such as a temporary file
    ProductForm(
            ExportSettings settings,
            WeightCarrier carrier,
            Function<String, Optional<WeightMatrix>> unrounded,
            UnaryOperator<Tensor> place) {
        this.form = settings.form();
        this.blockSize = settings.blockSize();
        this.carrier = carrier;
        this.unrounded = unrounded;
        this.place = place;
    }

    /// The left factor of products.
    ///
    /// @param value F32 `[batch, tokens, in]`, behind its quantization where the form has one
    /// @param row F32 `[batch, tokens, 1]` to multiply products with
    record Operand(Optional<Value> value, Optional<Value> row) {
        static final Operand NONE = new Operand(Optional.empty(), Optional.empty());

        /// As it is.
        static Operand of(Value x) {
            return new Operand(Optional.of(x), Optional.empty());
        }
    }

    CancellationToken cancellation() {
        return carrier.cancellation();
    }

    /// What became of each weight, in the order in which they were met.
    List<RecodedLayer> report() {
        return List.copyOf(report);
    }

    /// @param x F32 `[batch, tokens, in]`, smoothed and rotated
    Operand operand(OnnxGraphBuilder graph, Value x, RowScale scale) {
        return switch (form) {
            case INT4, PLAIN, INTEGER -> Operand.of(x);
            case QDQ_INT8 -> {
                Value row = scale.emit(graph, x, RowScale.MAX_CODE * RowScale.INT8_SCALE);
                yield quantized(graph, graph.op(OnnxOp.Div, x, row), row, RowScale.INT8_SCALE, DType.I8);
            }
            case FP8 -> {
                Value row = new RowScale.AbsMax().emit(graph, x, 1);
                yield quantized(graph, graph.op(OnnxOp.Div, x, row), row, RowScale.FP8_SCALE, DType.F8_E4M3);
            }
        };
    }

    private static Operand quantized(OnnxGraphBuilder graph, Value normalised, Value row, float scale, DType dtype) {
        Value zero = graph.constant(Tensor.zeros(dtype, Shape.of()));
        Value codes = graph.op(OnnxOp.QuantizeLinear, normalised, graph.constant(scale), zero);
        Value value = graph.op(OnnxOp.DequantizeLinear, codes, graph.constant(scale), zero);
        return new Operand(Optional.of(value), Optional.of(row));
    }

    /// F32 `[batch, tokens, out]`.
    Value product(OnnxGraphBuilder graph, Operand operand, String layer, QuantizedMatrix matrix) {
        Value x = operand.value.orElseThrow(
                () -> new IllegalStateException("the input of " + layer + " was not prepared for a quantized layer"));
        if (form == ExportForm.INT4 && !packs(matrix)) {
            Value weight = graph.initializer(layer + ".weight", dequantized(layer, matrix));
            return graph.op(OnnxOp.MatMul, x, weight);
        }
        CarriedWeight weight = carried.computeIfAbsent(layer, name -> carry(name, matrix));
        Value codes = graph.initializer(layer + ".weight", weight.codes());
        Value scales = graph.initializer(layer + ".weight_scale", weight.scales());
        Attributes axis = weight.blockSize() == 0
                ? Attributes.of("axis", 1)
                : Attributes.of("axis", 0).and("block_size", weight.blockSize());
        Value right = graph.op(OnnxOp.DequantizeLinear, axis, codes, scales);
        Value product = graph.op(OnnxOp.MatMul, x, right);
        Value scaled = weight.factors()
                .map(factors -> graph.op(OnnxOp.Mul, product, graph.initializer(layer + ".weight_factor", factors)))
                .orElse(product);
        Value shifted = weight.zeros()
                .map(zeros -> graph.op(
                        OnnxOp.Sub, scaled, zeroProduct(graph, x, graph.initializer(layer + ZEROS, zeros), weight)))
                .orElse(scaled);
        return operand.row.map(row -> graph.op(OnnxOp.Mul, shifted, row)).orElse(shifted);
    }

    /// What zero points add to the outputs: sums of the inputs times what one unit of them counts for.
    private Value zeroProduct(OnnxGraphBuilder graph, Value x, Value zeros, CarriedWeight weight) {
        int blocks = weight.blockSize() == 0
                ? 1
                : Math.toIntExact(weight.scales().shape().dim(0));
        if (blocks == 1) {
            Value sum = graph.op(OnnxOp.ReduceSum, Attributes.of("keepdims", 1), x, graph.longs(-1));
            return graph.op(OnnxOp.Mul, sum, zeros);
        }
        return graph.op(OnnxOp.MatMul, graph.op(OnnxOp.MatMul, x, blocks(graph, blocks, weight.blockSize())), zeros);
    }

    /// F32 `[in, blocks]`: 1 where an input is in a block.
    private Value blocks(OnnxGraphBuilder graph, int blocks, int blockSize) {
        String name = BLOCKS + blocks + "x" + blockSize;
        return indicators.computeIfAbsent(graph, missing -> new HashMap<>()).computeIfAbsent(name, missing -> {
            Tensor indicator = Tensor.zeros(DType.F32, Shape.of((long) blocks * blockSize, blocks));
            for (long k = 0; k < (long) blocks * blockSize; k++) {
                indicator.data().set(Tensor.FLOAT, 4 * (k * blocks + k / blockSize), 1f);
            }
            return graph.initializer(name, indicator);
        });
    }

    /// Whether the products of a weight are computed in F32 whatever the precision: zero points make up for
    /// large offsets, which rounding must not touch.
    static boolean isWide(String weight) {
        return weight.endsWith(ZEROS) || weight.startsWith(BLOCKS);
    }

    private CarriedWeight carry(String layer, QuantizedMatrix matrix) {
        RowForm rows =
                switch (form) {
                    case INT4 -> new RowForm.Int4(block(matrix), carrier.precision());
                    case FP8 -> new RowForm.E4m3(carrier.precision());
                    case QDQ_INT8, PLAIN, INTEGER -> new RowForm.Int8(carrier.precision());
                };
        Optional<WeightMatrix> source = form == ExportForm.INT4 ? unrounded.apply(layer) : Optional.empty();
        CarriedWeight weight = carrier.carry(new WeightCarrier.Layer(layer, matrix, source), rows);
        report.add(weight.report());
        return weight.withCodes(place.apply(weight.codes()));
    }

    /// Columns that share a scale: as asked, or what divides the columns and the groups of the plan.
    private int block(QuantizedMatrix matrix) {
        return gcd(gcd(blockSize, matrix.columns()), matrix.groupSize());
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /// Whether a matrix has a place in 4 bits: two outputs share a byte, and enough columns a scale.
    private boolean packs(QuantizedMatrix matrix) {
        return matrix.bits() <= FOUR_BITS && matrix.rows() % 2 == 0 && block(matrix) >= LEAST_BLOCK;
    }

    /// F32 `[in, out]`: weights of more than four bits in a form that has no codes for them.
    private Tensor dequantized(String layer, QuantizedMatrix matrix) {
        return values.computeIfAbsent(layer, name -> {
            report.add(RecodedLayer.exact(name, matrix.bits(), "values"));
            int rows = matrix.rows();
            int columns = matrix.columns();
            float[] row = new float[columns];
            Tensor turned = Tensor.zeros(DType.F32, Shape.of(columns, rows));
            for (int r = 0; r < rows; r++) {
                carrier.cancellation().throwIfCancelled();
                matrix.dequantizeRow(r, row);
                for (int k = 0; k < columns; k++) {
                    turned.data().set(Tensor.FLOAT, 4 * ((long) k * rows + r), row[k]);
                }
            }
            return place.apply(Conversions.fromF32(turned, carrier.precision().dtype()));
        });
    }
}
