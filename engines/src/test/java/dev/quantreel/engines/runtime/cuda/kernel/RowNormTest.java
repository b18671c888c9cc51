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
    @CsvSource({
        "Layer, 6, 300, 3",
        "Rms, 6, 300, 1",
        "Layer, 1, 8, 1",
        "Rms, 4, 1025, 4",
        "Layer, 8, 96, 2",
        // In registers: once eight channels a thread, twice, and the second time not all threads.
        "Layer, 6, 304, 3",
        "Rms, 3, 4096, 1",
        "Layer, 4, 5120, 2",
        "Layer, 2, 4104, 1",
        "Layer, 9, 256, 3",
        // Too wide for that.
        "Layer, 2, 8200, 1",
    })
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

    private DeviceArray array(DType dtype, float[] values, long... dims) {
        return dtype == DType.F32 ? bench.of(values, dims) : bench.bf16(values, dims);
    }

    @ParameterizedTest(name = "{0} to {1}, {2} wide")
    @CsvSource({
        "F32, BF16, 1536",
        "BF16, F32, 1536",
        "BF16, BF16, 1536",
        "BF16, BF16, 128",
        "BF16, F32, 128",
        "F32, BF16, 128",
        "F32, BF16, 77",
        "BF16, F32, 77",
        "F32, BF16, 301",
        "BF16, BF16, 301",
        "BF16, F32, 301",
        "BF16, BF16, 5120",
        "BF16, F32, 5120",
        "F32, BF16, 5120",
    })
    void rowsAndResultsHaveTypesOfTheirOwn(DType from, DType to, int width) {
        float[] x = KernelBench.narrow(KernelBench.gaussian(1, 9 * width));
        float[] scale = KernelBench.gaussian(4, width);
        float[] shift = KernelBench.gaussian(5, width);
        DeviceArray y = bench.empty(to, 9, width);

        norms.launch(
                bench.stream(),
                Norm.plain(Kind.Layer, 1e-6f),
                new Modulation(Optional.of(bench.of(scale, 1, width)), Optional.of(bench.of(shift, 1, width)), 9),
                array(from, x, 9, width),
                y);

        NormTwin twin = new NormTwin(true, 1e-6f, NONE, NONE);
        for (int row = 0; row < 9; row++) {
            twin.normalize(x, row * width, width);
            new NormTwin.Modulation(scale, shift, width).modulate(x, row * width, 0);
        }
        float[] out = bench.floats(y);
        // Rounded once, at the end: another bfloat16 only where the value lies between two.
        assertThat(KernelBench.relativeError(out, KernelBench.rounded(x, to)))
                .isLessThan(to == DType.F32 ? 1e-6 : 2e-4);
    }

    @ParameterizedTest(name = "{0} to {1}, {2} heads of {3}, per head {4}, interleaved {5}")
    @CsvSource({
        "BF16, BF16, 12, 128, false, true",
        "BF16, BF16, 12, 128, false, false",
        "BF16, F32, 24, 128, true, true",
        "F32, BF16, 24, 128, true, false",
        "BF16, BF16, 40, 128, false, true",
        "F32, F32, 40, 128, true, true",
        "BF16, BF16, 3, 40, true, true",
        "F32, BF16, 3, 40, false, false",
        "F32, F32, 5, 256, true, false",
        "BF16, F32, 3, 36, false, true",
        "F32, BF16, 3, 36, true, false",
        "BF16, BF16, 3, 36, true, true",
        "F32, F32, 66, 128, false, true",
    })
    void headsOfAnyTypesAreNormalizedThenRotated(
            DType from, DType to, int heads, int headDim, boolean perHead, boolean interleaved) {
        int tokens = 3;
        int width = heads * headDim;
        int half = headDim / 2;
        float[] x = KernelBench.narrow(KernelBench.gaussian(1, tokens * width));
        int normWidth = perHead ? headDim : width;
        float[] weight = KernelBench.gaussian(2, normWidth);
        float[] bias = KernelBench.gaussian(6, normWidth);
        float[] cos = KernelBench.gaussian(3, (tokens + 4) * half);
        float[] sin = KernelBench.gaussian(5, (tokens + 4) * half);
        DeviceArray y = bench.empty(to, tokens, width);

        norms.launch(
                bench.stream(),
                Optional.of(new Norm(
                        Kind.Layer,
                        1e-6f,
                        Optional.of(bench.of(weight, normWidth)),
                        Optional.of(bench.of(bias, normWidth)))),
                Optional.of(new Rope(
                        bench.of(cos, tokens + 4, half), bench.of(sin, tokens + 4, half), 4, interleaved, false)),
                Rows.of(array(from, x, tokens, width), heads, perHead),
                y);

        NormTwin twin = new NormTwin(true, 1e-6f, weight, bias);
        var rotation = new NormTwin.Rotation(cos, sin, half, interleaved);
        for (int at = 0; at < x.length; at += normWidth) {
            twin.normalize(x, at, normWidth);
        }
        for (int head = 0; head < tokens * heads; head++) {
            rotation.rotate(x, head * headDim, 4 + head / heads);
        }
        assertThat(KernelBench.relativeError(bench.floats(y), KernelBench.rounded(x, to)))
                .isLessThan(to == DType.F32 ? 1e-6 : 2e-4);
    }

    @Test
    void rowsAtOddAddressesAreReadElementByElement() {
        float[] x = KernelBench.gaussian(1, 4 + 2 * 512);
        DeviceArray all = bench.of(x, x.length);
        DeviceArray shifted = new DeviceArray(all.span().from(4 * 4 - 4), DType.F32, Shape.of(2, 512));
        DeviceArray y = bench.empty(DType.F32, 2, 512);

        norms.launch(bench.stream(), Norm.plain(Kind.Rms, 1e-6f), Modulation.NONE, shifted, y);

        float[] rows = Arrays.copyOfRange(x, 3, 3 + 2 * 512);
        NormTwin twin = new NormTwin(false, 1e-6f, NONE, NONE);
        twin.normalize(rows, 0, 512);
        twin.normalize(rows, 512, 512);
        assertThat(KernelBench.relativeError(bench.floats(y), rows)).isLessThan(F32_BOUND);
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
