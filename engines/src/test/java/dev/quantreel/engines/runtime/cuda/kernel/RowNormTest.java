package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.runtime.cuda.kernel.RowNorm.Kind;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm.Modulation;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm.Norm;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm.Rope;
import dev.quantreel.engines.runtime.cuda.kernel.RowNorm.Rows;
import dev.quantreel.engines.runtime.cuda.twin.NormTwin;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowNormTest {

    private static final float[] NONE = {};
    private static final double F32_BOUND = 3e-7;

    private KernelBench bench;
    private RowNorm norms;

    @BeforeEach
    void start() {
        bench = new KernelBench();
        norms = new RowNorm(bench.kernels());
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    @ParameterizedTest(name = "{0} of {1} rows of {2}, {3} rows per vector")
    @CsvSource({"Layer, 6, 300, 3", "Rms, 6, 300, 1", "Layer, 1, 8, 1", "Rms, 4, 1025, 4", "Layer, 8, 96, 2"})
    void rowsAreNormalizedThenModulatedByTheirVector(Kind kind, int rows, int width, int perVector) {
        float[] x = KernelBench.gaussian(1, rows * width);
        float[] weight = KernelBench.gaussian(2, width);
        float[] bias = KernelBench.gaussian(3, width);
        int vectors = rows / perVector;
        float[] scale = KernelBench.gaussian(4, vectors * width);
        float[] shift = KernelBench.gaussian(5, vectors * width);
        for (int i = 0; i < x.length; i++) {
            x[i] = 3 * x[i] + 10; // A mean far from zero, as real rows have.
        }
        DeviceArray y = bench.empty(DType.F32, rows, width);

        norms.launch(
                bench.stream(),
                new Norm(kind, 1e-6f, Optional.of(bench.of(weight, width)), Optional.of(bench.of(bias, width))),
                new Modulation(
                        Optional.of(bench.of(scale, vectors, width)),
                        Optional.of(bench.of(shift, vectors, width)),
                        perVector),
                bench.of(x, rows, width),
                y);

        NormTwin twin = new NormTwin(kind == Kind.Layer, 1e-6f, weight, bias);
        var modulation = new NormTwin.Modulation(scale, shift, width);
        for (int row = 0; row < rows; row++) {
            twin.normalize(x, row * width, width);
            modulation.modulate(x, row * width, row / perVector);
        }
        assertThat(KernelBench.relativeError(bench.floats(y), x)).isLessThan(10 * F32_BOUND);
    }

    @Test
    void constantRowsBecomeZeroUnderLayerNorm() {
        float[] x = new float[64];
        Arrays.fill(x, 1e4f);
        DeviceArray y = bench.empty(DType.F32, 1, 64);

        norms.launch(bench.stream(), Norm.plain(Kind.Layer, 1e-6f), Modulation.NONE, bench.of(x, 1, 64), y);

        assertThat(bench.floats(y)).containsOnly(0);
    }

    @ParameterizedTest(name = "{0} heads of {1}, per head {2}, interleaved {3}, angles per head {4}")
    @CsvSource({
        "12, 128, false, true, false",
        "3, 64, true, true, false",
        "2, 40, true, false, false",
        "4, 32, false, true, true",
        "1, 16, true, false, false",
    })
    void headsAreNormalizedThenRotated(int heads, int headDim, boolean perHead, boolean interleaved, boolean angles) {
        int tokens = 3;
        int width = heads * headDim;
        int half = headDim / 2;
        int rows = 2 * tokens;
        float[] x = KernelBench.gaussian(1, rows * width);
        int normWidth = perHead ? headDim : width;
        float[] weight = KernelBench.gaussian(2, normWidth);
        int positions = tokens * (angles ? heads : 1);
        float[] angle = KernelBench.gaussian(3, positions * half);
        float[] cos = new float[angle.length];
        float[] sin = new float[angle.length];
        for (int i = 0; i < angle.length; i++) {
            cos[i] = (float) Math.cos(angle[i]);
            sin[i] = (float) Math.sin(angle[i]);
        }
        DeviceArray y = bench.empty(DType.F32, 2, tokens, width);
        Rope rope = new Rope(bench.of(cos, positions, half), bench.of(sin, positions, half), 0, interleaved, angles);

        norms.launch(
                bench.stream(),
                Optional.of(new Norm(Kind.Rms, 1e-6f, Optional.of(bench.of(weight, normWidth)), Optional.empty())),
                Optional.of(rope),
                Rows.of(bench.of(x, 2, tokens, width), heads, perHead),
                y);

        NormTwin twin = new NormTwin(false, 1e-6f, weight, NONE);
        var rotation = new NormTwin.Rotation(cos, sin, half, interleaved);
        for (int at = 0; at < x.length; at += normWidth) {
            twin.normalize(x, at, normWidth);
        }
        for (int head = 0; head < rows * heads; head++) {
            int token = head / heads % tokens;
            int row = angles ? token * heads + head % heads : token;
            rotation.rotate(x, head * headDim, row);
        }
        assertThat(KernelBench.relativeError(bench.floats(y), x)).isLessThan(F32_BOUND);
    }

    @Test
    void rotationAloneReadsAPartOfWiderRowsAndKeepsLengths() {
        float[] fused = KernelBench.narrow(KernelBench.gaussian(1, 5 * 3 * 32));
        DeviceArray cos = bench.of(new float[5 * 8], 5, 8);
        float[] ones = new float[5 * 8];
        Arrays.fill(ones, 1);
        DeviceArray y = bench.empty(DType.BF16, 1, 5, 32);
        DeviceArray all = bench.bf16(fused, 5, 96);
        DeviceArray second = new DeviceArray(all.span().from(32 * 2), DType.BF16, Shape.of(1, 1, 32));

        norms.launch(
                bench.stream(),
                Optional.empty(),
                Optional.of(new Rope(cos, bench.of(ones, 5, 8), 0, true, false)),
                new Rows(second, 96, 2, true),
                y);

        float[] out = bench.floats(y);
        for (int row = 0; row < 5; row++) {
            for (int pair = 0; pair < 16; pair++) {
                // By a quarter turn: (a, b) becomes (-b, a).
                assertThat(out[row * 32 + 2 * pair]).isEqualTo(-fused[row * 96 + 32 + 2 * pair + 1]);
                assertThat(out[row * 32 + 2 * pair + 1]).isEqualTo(fused[row * 96 + 32 + 2 * pair]);
            }
        }
    }

    @Test
    void vectorsOfAnotherWidthAreRefused() {
        DeviceArray x = bench.of(new float[12], 2, 6);
        Norm norm = new Norm(Kind.Rms, 1e-6f, Optional.of(bench.of(new float[5], 5)), Optional.empty());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> norms.launch(bench.stream(), norm, Modulation.NONE, x, x))
                .withMessageContaining("weight has 5 elements; 6 are needed");
    }
}
