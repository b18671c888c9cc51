package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.FractionalGrid;
import dev.quantreel.engines.internal.kernel.LevelKernels;
import dev.quantreel.engines.internal.kernel.RowKernels;
import dev.quantreel.engines.internal.kernel.UniformGrid;

/// The grids of one row, one per group of columns. Lent to a [RowCoder] for the time of one row; not thread-safe.
public final class RowGrid {

    private final int groupSize;
    private final int maxCode;
    private final CodeValues values;
    private final boolean integers;
    private final float[] levels;
    private final LevelKernels.Floats boundaries;
    private final float[] steps;
    private final float[] inverses;
    private final int[] zeroPoints;
    private final int[] multiples;
    private float base;

    /// @param groupSize columns per grid
    RowGrid(int columns, int groupSize, int bits, CodeValues values) {
        this.groupSize = groupSize;
        this.maxCode = (1 << bits) - 1;
        this.values = values;
        this.integers = values instanceof CodeValues.Integers;
        this.levels = values instanceof CodeValues.Table table ? floats(table) : new float[0];
        float[] between = new float[Math.max(levels.length - 1, 0)];
        for (int i = 0; i < between.length; i++) {
            between[i] = levels[i] + levels[i + 1];
        }
        this.boundaries = new LevelKernels.Floats(between);
        int groups = columns / groupSize;
        this.steps = new float[groups];
        this.inverses = new float[groups];
        this.zeroPoints = new int[groups];
        this.multiples = new int[groups];
    }

    private static float[] floats(CodeValues.Table table) {
        float[] levels = new float[table.levels().size()];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = table.levels().get(i);
        }
        return levels;
    }

    /// Number of grids.
    public int groups() {
        return steps.length;
    }

    /// Columns per grid.
    public int groupSize() {
        return groupSize;
    }

    /// `2^bits - 1`.
    public int maxCode() {
        return maxCode;
    }

    /// The step of a group, positive.
    public float step(int group) {
        return steps[group];
    }

    int zeroPoint(int group) {
        return zeroPoints[group];
    }

    /// The step of the row, of which those of the groups are multiples.
    float base() {
        return base;
    }

    int multiple(int group) {
        return multiples[group];
    }

    CodeValues values() {
        return values;
    }

    /// @param zeroPoint as it is stored: in parts of a step, where it is a fraction
    void set(int group, float step, int zeroPoint) {
        steps[group] = step;
        inverses[group] = 1 / step;
        zeroPoints[group] = zeroPoint;
        multiples[group] = 1;
        base = step;
    }

    /// A grid whose step is a multiple of the row's.
    void setMultiple(int group, float rowStep, int multiple, int zeroPoint) {
        set(group, rowStep * multiple, zeroPoint);
        multiples[group] = multiple;
        base = rowStep;
    }

    /// The code whose value is nearest to a weight.
    public int nearest(int column, float weight) {
        return nearestIn(column / groupSize, weight);
    }

    /// The code of a group whose value is nearest to a weight.
    int nearestIn(int group, float weight) {
        if (integers) { // far the most, and asked for every weight
            return uniform(group).level(weight, inverses[group]) + zeroPoints[group];
        }
        float position = weight * inverses[group];
        return switch (values) {
            case CodeValues.Integers() -> uniform(group).level(weight, inverses[group]) + zeroPoints[group];
            case CodeValues.Fractions(int parts) ->
                Grid.clamp((int) Math.rint(position + zeroPoints[group] / (float) parts), maxCode);
            case CodeValues.Table _ -> nearestLevel(position);
        };
    }

    /// Writes the nearest code of every weight of a row.
    void nearest(float[] weights, byte[] codes) {
        for (int group = 0; group < steps.length; group++) {
            int from = group * groupSize;
            int to = from + groupSize;
            switch (values) {
                case CodeValues.Integers() -> RowKernels.best().codes(weights, from, to, uniform(group), codes);
                case CodeValues.Fractions _ -> LevelKernels.best().codes(weights, from, to, fractional(group), codes);
                case CodeValues.Table _ ->
                    LevelKernels.best()
                            .codes(weights, from, to, new LevelKernels.Table(inverses[group], boundaries), codes);
            }
        }
    }

    /// A grid with a fractional zero point as kernels take it.
    FractionalGrid fractional(int group) {
        int parts = values instanceof CodeValues.Fractions(int parted) ? parted : 1;
        return new FractionalGrid(steps[group], zeroPoints[group] / (float) parts, maxCode);
    }

    /// An even grid with an integer zero point as kernels take it.
    UniformGrid uniform(int group) {
        return new UniformGrid(steps[group], -zeroPoints[group], maxCode - zeroPoints[group]);
    }

    private int nearestLevel(float position) {
        int low = 0;
        int high = levels.length - 1;
        while (low < high) {
            int middle = (low + high) / 2;
            // The boundary of two neighbours is their mean.
            if (2 * position > levels[middle] + levels[middle + 1]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// The weight that a code stands for.
    public float value(int column, int code) {
        return valueIn(column / groupSize, code);
    }

    /// The weight that a code of a group stands for.
    float valueIn(int group, int code) {
        return steps[group] * level(group, code);
    }

    private float level(int group, int code) {
        if (integers) {
            return code - zeroPoints[group];
        }
        return switch (values) {
            case CodeValues.Integers() -> code - zeroPoints[group];
            case CodeValues.Fractions(int parts) -> code - zeroPoints[group] / (float) parts;
            case CodeValues.Table _ -> levels[code];
        };
    }

    /// The values of all codes of a group.
    float[] values(int group) {
        float[] all = new float[maxCode + 1];
        for (int code = 0; code <= maxCode; code++) {
            all[code] = steps[group] * level(group, code);
        }
        return all;
    }
}
