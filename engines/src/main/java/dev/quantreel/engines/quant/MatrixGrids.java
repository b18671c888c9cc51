package dev.quantreel.engines.quant;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// What the codes of a matrix `[rows, columns]` stand for, as it is stored: `ŵ = step * multiplier * level`, with the
/// level of a code by [CodeValues].
///
/// @param values what a code stands for, in steps
/// @param steps F32 `[rows]`, or BF16 `[rows, groups]` where groups have steps of their own
/// @param zeroPoints U8 `[rows]` or `[rows, groups]`; zeros for a table of levels
/// @param multipliers U8 `[rows, groups]` where the steps of groups are multiples of the row's; else empty, `[0]`
public record MatrixGrids(CodeValues values, Tensor steps, Tensor zeroPoints, Tensor multipliers) {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public MatrixGrids {
        boolean byGroup = zeroPoints.shape().rank() == 2;
        boolean multiplied = multipliers.elements() > 0;
        Shape stepShape = byGroup && !multiplied
                ? zeroPoints.shape()
                : Shape.of(zeroPoints.shape().dim(0));
        boolean fits = zeroPoints.dtype() == DType.U8
                && steps.shape().equals(stepShape)
                && steps.dtype() == (byGroup && !multiplied ? DType.BF16 : DType.F32)
                && (!multiplied
                        || byGroup
                                && multipliers.dtype() == DType.U8
                                && multipliers.shape().equals(zeroPoints.shape()));
        if (!fits) {
            throw new IllegalArgumentException("steps " + steps.dtype() + " " + steps.shape() + ", zero points "
                    + zeroPoints.dtype() + " " + zeroPoints.shape() + " and multipliers " + multipliers.dtype() + " "
                    + multipliers.shape() + " do not go together; accepted are F32 [rows] and U8 [rows], BF16 [rows,"
                    + " groups] and U8 [rows, groups], or F32 [rows] and twice U8 [rows, groups]");
        }
    }

    /// One grid per row.
    public static MatrixGrids ofRows(Tensor steps, Tensor zeroPoints) {
        return new MatrixGrids(new CodeValues.Integers(), steps, zeroPoints, Tensor.zeros(DType.U8, Shape.of(0)));
    }

    /// What codes stand for that a plan makes of a matrix.
    ///
    /// @param groupSize columns that share a grid
    public static CodeValues values(WeightPlan plan, int groupSize) {
        return switch (plan.quantizer().grids()) {
            case WeightQuantizer.LloydMaxRows _ ->
                LloydMax.of(groupSize, plan.bits()).table();
            case WeightQuantizer.Hqq _ when plan.bits() < 8 -> new CodeValues.Fractions(1 << (8 - plan.bits()));
            case WeightQuantizer.Bounded _,
                    WeightQuantizer.Symmetric _,
                    WeightQuantizer.ClipSearch _,
                    WeightQuantizer.Hqq _,
                    WeightQuantizer.Gptq _ -> new CodeValues.Integers();
        };
    }

    public int rows() {
        return Math.toIntExact(zeroPoints.shape().dim(0));
    }

    /// Grids per row.
    public int groups() {
        return zeroPoints.shape().rank() == 1
                ? 1
                : Math.toIntExact(zeroPoints.shape().dim(1));
    }

    /// Whether all weights of a row are integer multiples of one step.
    public boolean areIntegers() {
        return values.areIntegers() && steps.dtype() == DType.F32;
    }

    /// Whether the steps of groups are multiples of the row's.
    public boolean areMultiples() {
        return multipliers.elements() > 0;
    }

    /// Bytes as stored; zero points that are all 0 by definition count nothing.
    long bytes() {
        long zeros = values instanceof CodeValues.Table ? 0 : zeroPoints.data().byteSize();
        return steps.data().byteSize() + zeros + multipliers.data().byteSize();
    }

    /// The step of a row, of which all its weights are multiples where [#areIntegers].
    float rowStep(int row) {
        if (steps.dtype() != DType.F32) {
            throw new IllegalStateException("every group has a step of its own; ask for the step of a group");
        }
        return steps.data().get(Tensor.FLOAT, row * 4L);
    }

    float step(int row, int group) {
        if (steps.dtype() == DType.F32) {
            return rowStep(row) * multiplier(row, group);
        }
        return Float.intBitsToFloat(steps.data().get(SHORT, 2 * index(row, group)) << 16);
    }

    /// What the row's step is multiplied with in a group; 1 where steps are no multiples.
    public int multiplier(int row, int group) {
        return areMultiples() ? unsigned(multipliers, index(row, group)) : 1;
    }

    /// The weights that the codes of a group stand for.
    float[] values(int row, int group, int codes) {
        float step = step(row, group);
        float[] values = new float[codes];
        for (int code = 0; code < codes; code++) {
            values[code] = step * level(row, group, code);
        }
        return values;
    }

    /// The zero point of a group as it is stored: in parts of a step where it is a fraction.
    public int zeroPoint(int row, int group) {
        return unsigned(zeroPoints, index(row, group));
    }

    private long index(int row, int group) {
        return (long) row * groups() + group;
    }

    private static int unsigned(Tensor bytes, long index) {
        return bytes.data().get(ValueLayout.JAVA_BYTE, index) & 0xFF;
    }

    static void setStep(Tensor steps, long index, float step) {
        steps.data().set(SHORT, 2 * index, (short) (Float.floatToRawIntBits(step) >>> 16));
    }

    /// The value of a code in steps of its group.
    float level(int row, int group, int code) {
        return switch (values) {
            case CodeValues.Integers() -> code - zeroPoint(row, group);
            case CodeValues.Fractions(int parts) -> code - zeroPoint(row, group) / (float) parts;
            case CodeValues.Table table -> table.levels().get(code);
        };
    }
}
