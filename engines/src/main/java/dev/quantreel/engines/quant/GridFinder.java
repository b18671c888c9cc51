package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridBatchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.internal.kernel.RowKernels;

/// Finds the grids of rows, group by group. Not thread-safe: holds the row it works on.
final class GridFinder {

    private final WeightQuantizer quantizer;
    private final Granularity granularity;
    private final int bits;
    private final float[] row;
    private final float[] group;
    private final GridSearch search;
    private final GroupSearch groupSearch;
    private final GridSearch wholeRow;
    private final SymmetricSearch symmetricSearch;
    private final ClipRangeSearch clip;
    private final float unit;

    /// @param row the row whose present content is looked at
    /// @param groupSize divides the row
    /// @param unit of a codebook's levels, [LloydMax#unit]
    GridFinder(WeightPlan plan, GridSearchKernels kernels, float[] row, int groupSize, float unit) {
        this.quantizer = plan.quantizer().grids();
        this.granularity = plan.granularity();
        this.bits = plan.bits();
        this.row = row;
        this.group = groupSize == row.length ? row : new float[groupSize];
        this.groupSearch = new GroupSearch(GridBatchKernels.best(), kernels, bits);
        this.search = new GridSearch(kernels, bits, group, groupSize);
        this.wholeRow = group == row ? search : new GridSearch(kernels, bits, row, row.length);
        this.symmetricSearch = new SymmetricSearch(kernels, ActivationQuantizer.maxCode(bits), group);
        this.clip = new ClipRangeSearch(quantizer instanceof WeightQuantizer.ClipSearch(double norm) ? norm : 2, bits);
        this.unit = unit;
    }

    /// The grid of row-wise MinMax, the baseline of error figures.
    Grid minMax() {
        return wholeRow.find(new WeightQuantizer.MinMax());
    }

    /// Chooses the grids of the row.
    void find(RowGrid into) {
        for (int g = 0; g < into.groups(); g++) {
            if (group != row) {
                System.arraycopy(row, g * group.length, group, 0, group.length);
            }
            choose(g, into);
        }
        if (into.groups() > 1 && granularity instanceof Granularity.GroupMultiples) {
            StepMultiples.of(row, into);
        }
    }

    private void choose(int g, RowGrid into) {
        switch (quantizer) {
            case WeightQuantizer.Bounded bounded -> set(g, into, bounded(bounded));
            case WeightQuantizer.Gptq _ ->
                throw new IllegalStateException("GPTQ's grids are those of another quantizer");
            case WeightQuantizer.Symmetric(boolean searched) ->
                set(g, into, symmetric(searched ? searched() : largest(group), bits));
            case WeightQuantizer.ClipSearch _ -> set(g, into, clip.find(group));
            case WeightQuantizer.Hqq hqq -> {
                Grid range = bounded(new WeightQuantizer.MinMax());
                float step = stored(range.step());
                into.set(g, step, new HalfQuadratic(hqq, bits).zeroPoint(group, step));
            }
            case WeightQuantizer.LloydMaxRows() ->
                into.set(g, stored(Math.max(unit * length(group), Float.MIN_NORMAL)), 0);
        }
    }

    /// Groups are searched in batches, rows grid by grid.
    private Grid bounded(WeightQuantizer.Bounded bounded) {
        return group != row && group.length <= GroupSearch.WIDEST
                ? groupSearch.find(bounded, group)
                : search.find(bounded);
    }

    private void set(int g, RowGrid into, Grid grid) {
        into.set(g, stored(grid.step()), grid.zeroPoint());
    }

    private float searched() {
        Grid grid = symmetricSearch.find();
        return grid.step() * grid.maxCode() / 2;
    }

    /// Squares are those of the weights over their largest, which stay in the range of floats.
    private static float length(float[] weights) {
        float largest = largest(weights);
        if (largest == 0) {
            return 0;
        }
        float scale = Math.min(1 / largest, Float.MAX_VALUE);
        return (float) Math.sqrt(RowKernels.best()
                        .moments(weights, 0, weights.length, scale)
                        .squares())
                / scale;
    }

    /// A step as it is stored: steps of groups have 16 bits. Rounded up, so that no end of the range is lost; codes are
    /// chosen for the rounded step.
    private float stored(float step) {
        return granularity instanceof Granularity.PerGroup && group != row ? roundedUp(step) : step;
    }

    /// The next BF16 that is not smaller.
    static float roundedUp(float step) {
        int bits = Float.floatToRawIntBits(step);
        float up = Float.intBitsToFloat((bits + 0xFFFF) & 0xFFFF0000);
        return Float.isFinite(up) ? up : Float.intBitsToFloat(bits & 0xFFFF0000);
    }

    /// The grid from minus to plus `largest`.
    static Grid symmetric(float largest, int bits) {
        int half = 1 << (bits - 1);
        float step = largest == 0 ? 1 : Math.max(largest / (half - 1), Float.MIN_NORMAL);
        return new Grid(step, half, 2 * half - 1);
    }

    private static float largest(float[] weights) {
        return RowKernels.best().range(weights, 0, weights.length).reach();
    }
}
