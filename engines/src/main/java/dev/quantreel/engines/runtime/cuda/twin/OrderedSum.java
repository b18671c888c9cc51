package dev.quantreel.engines.runtime.cuda.twin;

import dev.quantreel.engines.runtime.cuda.kernel.RowGeometry;

/// The sum of a row in the order in which the row kernels add: every thread over its chunks, the lanes of a warp as a
/// butterfly, the warps one after another.
final class OrderedSum {

    private static final int WARP = 32;

    private final RowGeometry geometry;
    private final int width;

    OrderedSum(int width) {
        this.geometry = RowGeometry.of(width);
        this.width = width;
    }

    /// @param values `width` of them
    float of(float[] values) {
        float[] threads = new float[geometry.threads()];
        for (int t = 0; t < threads.length; t++) {
            for (int c = 0; c < geometry.chunks(); c++) {
                int start = RowGeometry.CHUNK * (c * threads.length + t);
                for (int i = start; i < start + RowGeometry.CHUNK; i++) {
                    threads[t] += i < width ? values[i] : 0;
                }
            }
        }
        float sum = warp(threads, 0);
        for (int first = WARP; first < threads.length; first += WARP) {
            sum += warp(threads, first);
        }
        return sum;
    }

    /// Lane 0 of a butterfly.
    private static float warp(float[] threads, int first) {
        for (int step = WARP / 2; step > 0; step /= 2) {
            for (int lane = 0; lane < step; lane++) {
                threads[first + lane] += threads[first + lane + step];
            }
        }
        return threads[first];
    }
}
