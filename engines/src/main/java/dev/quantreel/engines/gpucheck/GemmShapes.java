package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.GemmOutput;
import dev.quantreel.engines.runtime.cuda.kernel.GemmTokens;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// The products that are timed: linears of Wan 1.3B, Wan 14B and HunyuanVideo on the tokens of 81 frames at 480p.
final class GemmShapes {

    static final int TOKENS = 32_760;

    /// Columns that a simulator multiplies within a second.
    private static final int SMALL = 64;

    private GemmShapes() {}

    /// @param columns K, what is summed over
    /// @param outputs N
    record Shape(int columns, int outputs) {

        /// Operations of a product.
        double operations(int tokens) {
            return 2.0 * tokens * columns * outputs;
        }
    }

    static List<Shape> all(boolean small) {
        return small
                ? List.of(new Shape(SMALL, SMALL))
                : List.of(
                        new Shape(1536, 1536),
                        new Shape(1536, 8960),
                        new Shape(8960, 1536),
                        new Shape(5120, 5120),
                        new Shape(5120, 13_824),
                        new Shape(13_824, 5120),
                        new Shape(3072, 21_504),
                        new Shape(15_360, 3072));
    }

    static int tokens(boolean small) {
        return small ? SMALL : TOKENS;
    }

    /// What `baseline.py` is asked for.
    static List<String> baseline(List<Shape> shapes, int tokens) {
        List<String> words = new ArrayList<>(List.of("gemm", Integer.toString(tokens)));
        for (Shape shape : shapes) {
            words.add(Integer.toString(shape.columns()));
            words.add(Integer.toString(shape.outputs()));
        }
        return words;
    }

    /// Median milliseconds of a product of random codes into bf16.
    ///
    /// @param tokenBits in which codes of tokens are stored, 4 or 8
    static double millis(GpuSession gpu, LowBitGemm gemm, Shape shape, int tokens, int tokenBits) {
        PackedLayout layout = new PackedLayout(shape.outputs(), shape.columns(), 4);
        float[] ones = new float[Math.max(tokens, shape.outputs())];
        java.util.Arrays.fill(ones, 1e-3f);
        DeviceSpan unit = gpu.of(ones);
        DeviceSpan zeros = gpu.of(new int[Math.max(tokens, shape.outputs())]);
        GemmTokens x = new GemmTokens(
                gpu.noise((long) tokens * shape.columns() * tokenBits / 8),
                tokenBits,
                tokens,
                unit.slice(0, 4L * tokens),
                zeros.slice(0, 4L * tokens),
                shape.columns());
        PackedWeights weights = new PackedWeights(
                layout,
                gpu.noise(layout.bytes()),
                unit.slice(0, 4L * shape.outputs()),
                zeros.slice(0, 4L * shape.outputs()),
                null);
        GemmOutput y = GemmOutput.of(gpu.empty(2L * tokens * shape.outputs()), DType.BF16);
        double millis = gpu.medianMillis(() -> gemm.launch(gpu.stream(), x, weights, y));
        gpu.free();
        return millis;
    }
}
