package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;

/// Finds the grids of rows, group by group. Not thread-safe: holds the row it works on.
final class GridFinder {

    private final WeightQuantizer quantizer;
    private final Granularity granularity;
    private final int bits;
    private final float[] row;
    private final float[] group;
    private final GridSearch search;
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
            case WeightQuantizer.Bounded bounded -> set(g, into, search.find(bounded));
            case WeightQuantizer.Gptq _ ->
                throw new IllegalStateException("GPTQ's grids are those of another quantizer");
            case WeightQuantizer.Symmetric(boolean searched) ->
                set(g, into, symmetric(searched ? searched() : largest(group), bits));
            case WeightQuantizer.ClipSearch _ -> set(g, into, clip.find(group));
            case WeightQuantizer.Hqq hqq -> {
                Grid range = search.find(new WeightQuantizer.MinMax());
                float step = stored(range.step());
                into.set(g, step, new HalfQuadratic(hqq, bits).zeroPoint(group, step));
            }
            case WeightQuantizer.LloydMaxRows() ->
                into.set(g, stored(Math.max(unit * length(group), Float.MIN_NORMAL)), 0);
        }
    }

    private void set(int g, RowGrid into, Grid grid) {
        into.set(g, stored(grid.step()), grid.zeroPoint());
    }

    private float searched() {
        Grid grid = symmetricSearch.find();
        return grid.step() * grid.maxCode() / 2;
    }

    private static float length(float[] weights) {
        double squares = 0;
        for (float weight : weights) {
            squares += (double) weight * weight;
        }
        return (float) Math.sqrt(squares);
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

    static float largest(float[] weights) {
        float largest = 0;
        for (float weight : weights) {
            largest = Math.max(largest, Math.abs(weight));
        }
        return largest;
    }
}
