package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionPrecision;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionProblem;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.FlashAttention;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.tensor.Shape;
import java.util.Optional;

/// Steps by the kernels of norms, rotary positions and attention.
final class TransformerSteps {

    private final RowNorm norms;
    private final FlashAttention attention;
    private final AttentionPrecision precision;

    TransformerSteps(KernelLibrary kernels, AttentionPrecision precision) {
        this.norms = new RowNorm(kernels);
        this.attention = new FlashAttention(kernels);
        this.precision = precision;
    }

    long scratchBytes(Step step) {
        return step.op() == OnnxOp.MultiHeadAttention ? FlashAttention.workspaceBytes(problem(step), precision) : 0;
    }

    void launch(CudaStream stream, StepArrays arrays) {
        switch (arrays.step().op()) {
            case LayerNormalization -> norm(stream, RowNorm.Kind.Layer, arrays);
            case SimplifiedLayerNormalization -> norm(stream, RowNorm.Kind.Rms, arrays);
            case NormModulate -> modulated(stream, arrays);
            case RotaryEmbedding -> rotary(stream, arrays);
            case NormRotary -> normRotary(stream, arrays);
            default -> attend(stream, arrays);
        }
    }

    private void norm(CudaStream stream, RowNorm.Kind kind, StepArrays arrays) {
        int rank = arrays.in(0).shape().rank();
        int axis = arrays.attributes().integer("axis", -1);
        if (axis != -1 && axis != rank - 1) {
            throw new IllegalArgumentException(
                    "a norm from axis " + axis + " of " + rank + " on; the last one has a kernel");
        }
        RowNorm.Norm norm = new RowNorm.Norm(
                kind, arrays.attributes().real("epsilon", 1e-5f), Optional.of(arrays.in(1)), arrays.optional(2));
        norms.launch(stream, norm, RowNorm.Modulation.NONE, arrays.in(0), arrays.out());
    }

    private void modulated(CudaStream stream, StepArrays arrays) {
        RowNorm.Norm norm = new RowNorm.Norm(
                arrays.attributes().integer("centred", 0) == 1 ? RowNorm.Kind.Layer : RowNorm.Kind.Rms,
                arrays.attributes().real("epsilon", 1e-5f),
                arrays.optional(1),
                arrays.optional(2));
        long width = arrays.in(0).shape().dim(-1);
        long rows = arrays.in(0).shape().elements() / width;
        long vectors = arrays.has(4) ? arrays.in(4).shape().elements() / width : 1;
        RowNorm.Modulation modulation =
                new RowNorm.Modulation(arrays.optional(3), arrays.optional(4), Math.toIntExact(rows / vectors));
        norms.launch(stream, norm, modulation, arrays.in(0), arrays.out());
    }

    private void rotary(CudaStream stream, StepArrays arrays) {
        DeviceArray x = arrays.in(0);
        Shape tables = arrays.in(2).shape();
        long width = x.shape().dim(-1);
        RowNorm.Rope rope = new RowNorm.Rope(
                arrays.in(2),
                arrays.in(3),
                (int) arrays.known(1).longs()[0],
                arrays.attributes().integer("interleaved", 0) == 1,
                false);
        int heads = Math.toIntExact(width / (2 * tables.dim(1)));
        norms.launch(stream, Optional.empty(), Optional.of(rope), RowNorm.Rows.of(x, heads, false), arrays.out());
    }

    private void normRotary(CudaStream stream, StepArrays arrays) {
        NodeAttributes attributes = arrays.attributes();
        RowNorm.Norm norm = new RowNorm.Norm(
                attributes.integer("centred", 0) == 1 ? RowNorm.Kind.Layer : RowNorm.Kind.Rms,
                attributes.real("epsilon", 1e-5f),
                arrays.optional(1),
                arrays.optional(2));
        RowNorm.Rope rope = new RowNorm.Rope(
                arrays.in(4),
                arrays.in(5),
                (int) arrays.known(3).longs()[0],
                attributes.integer("interleaved", 0) == 1,
                attributes.integer("angles_per_head", 0) == 1);
        RowNorm.Rows rows = RowNorm.Rows.of(
                arrays.in(0), attributes.integer("num_heads", 1), attributes.integer("per_head", 0) == 1);
        norms.launch(stream, Optional.of(norm), Optional.of(rope), rows, arrays.out());
    }

    private static AttentionProblem problem(Step step) {
        Shape q = step.in(0).shape();
        Shape k = step.in(1).shape();
        int heads = step.attributes().integer("num_heads", 1);
        int headDim = Math.toIntExact(q.dim(2) / heads);
        float given = step.attributes().real("scale", 0);
        return new AttentionProblem(
                Math.toIntExact(q.dim(0)),
                Math.toIntExact(q.dim(1)),
                Math.toIntExact(k.dim(1)),
                heads,
                headDim,
                given == 0 ? (float) (1 / Math.sqrt(headDim)) : given);
    }

    private void attend(CudaStream stream, StepArrays arrays) {
        if (arrays.has(3)
                || arrays.has(4)
                || arrays.has(6)
                || arrays.attributes().integer("unidirectional", 0) == 1) {
            throw new IllegalArgumentException("only query, key, value and attention bias have a kernel");
        }
        FlashAttention.Operands operands =
                new FlashAttention.Operands(arrays.in(0), arrays.in(1), arrays.in(2), arrays.optional(5), arrays.out());
        attention.launch(
                stream,
                precision,
                problem(arrays.step()),
                operands,
                arrays.addresses().of(arrays.step().scratch().orElseThrow()));
    }
}
