package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// The rotary positions of LTX-Video: a token's place as a fraction of 20 seconds and 2048 pixels, at frequencies that
/// span the whole width of a token. Frequency k of K is `π/2 · 10000^(k / (K - 1))`, the angle is that times
/// `2 · fraction - 1`; pairs are ordered by frequency, then time, row, column. Where the width is not a multiple of 6,
/// the first pairs stay unrotated.
///
/// Computed in single precision like the reference: the highest angles are so large that their rounding shows in the
/// model's output.
final class LtxRope {

    private static final double THETA = 10_000;
    private static final double BASE_SECONDS = 20;
    private static final double BASE_PIXELS = 2048;
    private static final int AXES = 3;

    private LtxRope() {}

    /// @return rows of one token after the other, each of `heads` rows of `headDim / 2` values
    static RopeTable of(LtxConfig config, TokenGrid grid) {
        int heads = config.heads();
        Shape shape = Shape.of(grid.tokens() * heads, config.headDim() / 2);
        RopeTable table = new RopeTable(Tensor.zeros(DType.F32, shape), Tensor.zeros(DType.F32, shape));
        float[] frequencies = frequencies(config.dim() / (2 * AXES));
        int unrotated = config.dim() % (2 * AXES) / 2;
        long offset = 0;
        for (int frame = 0; frame < grid.frames(); frame++) {
            for (int row = 0; row < grid.rows(); row++) {
                for (int column = 0; column < grid.columns(); column++) {
                    float[] fractions = {seconds(config, frame), pixels(row), pixels(column)};
                    for (int pad = 0; pad < unrotated; pad++) {
                        offset = put(table, offset, 0);
                    }
                    for (float frequency : frequencies) {
                        for (float fraction : fractions) {
                            offset = put(table, offset, frequency * (2 * fraction - 1));
                        }
                    }
                }
            }
        }
        return table;
    }

    private static float[] frequencies(int count) {
        float[] frequencies = new float[count];
        for (int k = 0; k < count; k++) {
            float power = (float) Math.pow(THETA, (float) k / (count - 1));
            frequencies[k] = power * (float) (Math.PI / 2);
        }
        return frequencies;
    }

    /// As a fraction of 20 seconds.
    private static float seconds(LtxConfig config, int frame) {
        int picture = frame * LtxConfig.TEMPORAL_FACTOR;
        int first = config.causalTime() ? Math.max(0, picture + 1 - LtxConfig.TEMPORAL_FACTOR) : picture;
        return (float) (first / LtxConfig.FRAMES_PER_SECOND / BASE_SECONDS);
    }

    /// As a fraction of 2048 pixels.
    private static float pixels(int cell) {
        return (float) (cell * LtxConfig.SPATIAL_FACTOR / BASE_PIXELS);
    }

    private static long put(RopeTable table, long offset, float angle) {
        table.cos().data().set(Tensor.FLOAT, offset, (float) Math.cos(angle));
        table.sin().data().set(Tensor.FLOAT, offset, (float) Math.sin(angle));
        return offset + Float.BYTES;
    }
}
