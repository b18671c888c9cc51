package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.kernel.AttentionPrecision;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import java.util.EnumSet;
import java.util.Set;

/// Which kernels carry out which operator.
final class CudaKernels implements StepKernels {

    /// Operators that have kernels, and those that are gone once a graph is planned.
    static final Set<OnnxOp> OPERATORS = EnumSet.of(
            OnnxOp.Abs,
            OnnxOp.Add,
            OnnxOp.BitShift,
            OnnxOp.Cast,
            OnnxOp.Ceil,
            OnnxOp.Clip,
            OnnxOp.Concat,
            OnnxOp.Conv,
            OnnxOp.Cos,
            OnnxOp.Div,
            OnnxOp.Equal,
            OnnxOp.Erf,
            OnnxOp.Exp,
            OnnxOp.Expand,
            OnnxOp.Floor,
            OnnxOp.Gather,
            OnnxOp.Gelu,
            OnnxOp.Greater,
            OnnxOp.Identity,
            OnnxOp.If,
            OnnxOp.LayerNormalization,
            OnnxOp.LowBitMatMul,
            OnnxOp.MatMul,
            OnnxOp.MatMulInteger,
            OnnxOp.MatMulIntegerToFloat,
            OnnxOp.Max,
            OnnxOp.Min,
            OnnxOp.Mul,
            OnnxOp.MultiHeadAttention,
            OnnxOp.Neg,
            OnnxOp.Pad,
            OnnxOp.Pow,
            OnnxOp.QuantizeLinear,
            OnnxOp.Range,
            OnnxOp.Reciprocal,
            OnnxOp.ReduceL2,
            OnnxOp.ReduceMax,
            OnnxOp.ReduceMean,
            OnnxOp.ReduceMin,
            OnnxOp.ReduceSum,
            OnnxOp.Relu,
            OnnxOp.Reshape,
            OnnxOp.RotaryEmbedding,
            OnnxOp.RotateQuantize,
            OnnxOp.Round,
            OnnxOp.Shape,
            OnnxOp.Sigmoid,
            OnnxOp.Sign,
            OnnxOp.SimplifiedLayerNormalization,
            OnnxOp.Sin,
            OnnxOp.Slice,
            OnnxOp.Softmax,
            OnnxOp.Split,
            OnnxOp.Sqrt,
            OnnxOp.Squeeze,
            OnnxOp.Sub,
            OnnxOp.Tanh,
            OnnxOp.Transpose,
            OnnxOp.Unsqueeze,
            OnnxOp.Where);

    private final TensorSteps tensors;
    private final TransformerSteps transformers;
    private final LowBitSteps lowBits;
    private final IntegerSteps integers;
    private final boolean narrows;

    /// @param narrows whether arrays between kernels are BF16 where they can be
    CudaKernels(KernelLibrary kernels, AttentionPrecision precision, boolean narrows) {
        this.narrows = narrows;
        this.tensors = new TensorSteps(kernels);
        this.transformers = new TransformerSteps(kernels, precision);
        this.lowBits = new LowBitSteps(kernels);
        this.integers = new IntegerSteps(kernels);
    }

    @Override
    public long scratchBytes(Step step) {
        return TensorSteps.scratchBytes(step) + IntegerSteps.scratchBytes(step) + transformers.scratchBytes(step);
    }

    @Override
    public void prepare(CudaStream stream, Step step) {
        lowBits.prepare(stream, step);
        integers.prepare(stream, step);
    }

    @Override
    public void close() {
        lowBits.close();
        integers.close();
    }

    @Override
    public boolean fuses() {
        return true;
    }

    @Override
    public boolean narrows() {
        return narrows;
    }

    @Override
    public void launch(CudaStream stream, Step step, Addresses addresses) {
        if (step.outputs().stream().allMatch(view -> view.bytes() == 0)) {
            return;
        }
        StepArrays arrays = new StepArrays(step, addresses);
        switch (step.op()) {
            case Conv -> tensors.patches(stream, arrays);
            case LayerNormalization,
                    SimplifiedLayerNormalization,
                    NormModulate,
                    NormRotary,
                    RotaryEmbedding,
                    MultiHeadAttention -> transformers.launch(stream, arrays);
            case RotateQuantize, LowBitMatMul -> lowBits.launch(stream, arrays);
            case QuantizeLinear, MatMulInteger, MatMulIntegerToFloat -> integers.launch(stream, arrays);
            default -> tensors.launch(stream, arrays);
        }
    }
}
