package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReductionKernelsTest {

    private static final ReductionKernels SCALAR = new ScalarReductionKernels();
    private static final ReductionKernels VECTOR = new VectorReductionKernels();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 255, 4098, 70_001})
    void vectorEqualsScalarOnRandomData(int length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = random(arena, length, 3);
            MemorySegment b = random(arena, length, 4);
            double tolerance = 1e-5 * Math.max(1, length);
            assertThat(VECTOR.absMax(a)).isEqualTo(SCALAR.absMax(a));
            assertThat(VECTOR.min(a)).isEqualTo(SCALAR.min(a));
            assertThat(VECTOR.max(a)).isEqualTo(SCALAR.max(a));
            assertThat(VECTOR.dot(a, b)).isCloseTo(SCALAR.dot(a, b), within(tolerance));
            assertThat(VECTOR.absSum(a)).isCloseTo(SCALAR.absSum(a), within(tolerance));
            assertThat(VECTOR.squareSum(a)).isCloseTo(SCALAR.squareSum(a), within(tolerance));
            assertThat(VECTOR.absDifferenceSum(a, b)).isCloseTo(SCALAR.absDifferenceSum(a, b), within(tolerance));
            assertThat(VECTOR.squaredDifferenceSum(a, b))
                    .isCloseTo(SCALAR.squaredDifferenceSum(a, b), within(tolerance));
        }
    }

    @Test
    void everyElementCounts() {
        for (int length : new int[] {1, 17, 33, 4098}) {
            for (int hot = 0; hot < length; hot += Math.max(1, length / 40)) {
                assertOnlyHotElementShows(length, hot);
            }
            assertOnlyHotElementShows(length, length - 1);
        }
    }

    private static void assertOnlyHotElementShows(int length, int hot) {
        float[] values = new float[length];
        values[hot] = -3f;
        MemorySegment segment = MemorySegment.ofArray(values);
        MemorySegment zeros = MemorySegment.ofArray(new float[length]);
        for (ReductionKernels kernels : new ReductionKernels[] {SCALAR, VECTOR}) {
            assertThat(kernels.absMax(segment)).isEqualTo(3f);
            assertThat(kernels.min(segment)).isEqualTo(-3f);
            assertThat(kernels.absSum(segment)).isEqualTo(3.0);
            assertThat(kernels.squareSum(segment)).isEqualTo(9.0);
            assertThat(kernels.absDifferenceSum(segment, zeros)).isEqualTo(3.0);
            assertThat(kernels.squaredDifferenceSum(segment, zeros)).isEqualTo(9.0);
            values[hot] = Float.NEGATIVE_INFINITY;
            assertThat(kernels.firstNonFinite(segment)).isEqualTo(hot);
            assertThat(kernels.firstNonFinite(zeros)).isEqualTo(-1);
            values[hot] = -3f;
        }
    }

    @ParameterizedTest
    @ValueSource(
            floats = {
                0f,
                -0f,
                Float.MIN_VALUE,
                Float.MAX_VALUE,
                -Float.MAX_VALUE,
                Float.NaN,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY
            })
    void boundaryFillsAgree(float fill) {
        float[] values = new float[4098];
        Arrays.fill(values, fill);
        MemorySegment a = MemorySegment.ofArray(values);
        MemorySegment b = MemorySegment.ofArray(new float[4098]);
        assertThat(VECTOR.absMax(a)).isEqualTo(Float.valueOf(SCALAR.absMax(a)));
        assertThat(VECTOR.min(a)).isEqualTo(Float.valueOf(SCALAR.min(a)));
        assertThat(VECTOR.max(a)).isEqualTo(Float.valueOf(SCALAR.max(a)));
        assertThat(VECTOR.firstNonFinite(a)).isEqualTo(SCALAR.firstNonFinite(a));
        assertRelative(VECTOR.squareSum(a), SCALAR.squareSum(a));
        assertRelative(VECTOR.absSum(a), SCALAR.absSum(a));
        assertRelative(VECTOR.absDifferenceSum(a, b), SCALAR.absDifferenceSum(a, b));
        assertRelative(VECTOR.squaredDifferenceSum(a, b), SCALAR.squaredDifferenceSum(a, b));
    }

    @Test
    void oneNanMakesTheExtremesNan() {
        for (int hot : new int[] {0, 5, 16, 32}) {
            float[] values = new float[33];
            values[hot] = Float.NaN;
            for (ReductionKernels kernels : new ReductionKernels[] {SCALAR, VECTOR}) {
                assertThat(kernels.absMax(MemorySegment.ofArray(values))).isNaN();
                assertThat(kernels.min(MemorySegment.ofArray(values))).isNaN();
                assertThat(kernels.max(MemorySegment.ofArray(values))).isNaN();
            }
        }
    }

    @Test
    void sumsOfManyEqualFloatsDoNotDrift() {
        float[] values = new float[1 << 20];
        Arrays.fill(values, 0.1f);
        assertThat(VECTOR.absSum(MemorySegment.ofArray(values)))
                .isCloseTo((double) 0.1f * values.length, within(1e-5 * values.length * 0.1));
    }

    @Test
    void segmentsOfUnequalSizeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VECTOR.dot(MemorySegment.ofArray(new float[2]), MemorySegment.ofArray(new float[3])))
                .withMessageContaining("8 and 12 bytes");
    }

    @Test
    void withoutTheModuleTheScalarKernelsServe() {
        assertThat(VectorSupport.decide("vector", false)).isFalse();
        assertThat(VectorSupport.decide("scalar", true)).isFalse();
        assertThat(VectorSupport.decide("vector", true)).isTrue();
        assertThat(VectorSupport.decide("sideways", true)).isTrue();
        assertThat(VectorSupport.available())
                .as("the tests run with the module")
                .isTrue();
        assertThat(ReductionKernels.best()).isInstanceOf(VectorReductionKernels.class);
        assertThat(ConversionKernels.best()).isInstanceOf(VectorConversionKernels.class);
    }

    private static void assertRelative(double actual, double expected) {
        if (Double.isFinite(expected)) {
            assertThat(actual).isCloseTo(expected, within(1e-5 * Math.abs(expected) + 4098 * Float.MIN_NORMAL));
        } else {
            assertThat(actual).isEqualTo(Double.valueOf(expected));
        }
    }

    /// Gaussian values one byte off any alignment.
    private static MemorySegment random(Arena arena, int length, long seed) {
        MemorySegment segment = arena.allocate(4L * length + 1).asSlice(1, 4L * length);
        Random random = new Random(seed);
        for (int i = 0; i < length; i++) {
            segment.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) random.nextGaussian());
        }
        return segment;
    }
}
