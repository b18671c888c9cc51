package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RearrangeTest {

    private KernelBench bench;
    private Rearrange rearrange;

    @BeforeEach
    void start() {
        bench = new KernelBench();
        rearrange = new Rearrange(bench.kernels());
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    private static int[] counting(int count) {
        return IntStream.range(0, count).toArray();
    }

    private static long[] longs(String text) {
        return IntStream.of(ints(text)).asLongStream().toArray();
    }

    private static int[] ints(String text) {
        return Arrays.stream(text.trim().split(" ")).mapToInt(Integer::parseInt).toArray();
    }

    @ParameterizedTest(name = "[{0}] by {1}")
    @CsvSource({
        "3 5, 1 0",
        "33 65, 1 0",
        "2 3 4 5, 0 2 1 3",
        "2 3 4 8, 2 0 3 1",
        "2 40 70, 0 2 1",
        "2 3 2 3 2 3 2, 6 4 2 0 5 3 1",
        "1 1 7, 2 0 1",
    })
    void transposeMovesEveryElementToItsPlace(String shape, String order) {
        long[] dims = longs(shape);
        int[] perm = ints(order);
        int count = (int) Shape.of(dims).elements();
        int rank = dims.length;
        long[] turned = IntStream.of(perm).mapToLong(axis -> dims[axis]).toArray();
        DeviceArray out = bench.empty(DType.I32, turned);

        rearrange.transpose(bench.stream(), bench.of(counting(count), dims), out, perm);

        int[] result = bench.ints(out);
        long[] strides = Axes.dense(dims);
        for (int at = 0; at < count; at++) {
            long source = 0;
            int rest = at;
            for (int axis = rank - 1; axis >= 0; axis--) {
                source += rest % turned[axis] * strides[perm[axis]];
                rest /= (int) turned[axis];
            }
            assertThat(result[at]).as("element %d", at).isEqualTo((int) source);
        }
    }

    @Test
    void sliceTakesSteppedAndReversedParts() {
        DeviceArray in = bench.of(counting(4 * 6), 4, 6);
        DeviceArray out = bench.empty(DType.I32, 2, 3);

        rearrange.slice(bench.stream(), in, out, new long[] {3, 1}, new long[] {-2, 2});

        assertThat(bench.ints(out)).containsExactly(19, 21, 23, 7, 9, 11);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rearrange.slice(bench.stream(), in, out, new long[] {3, 2}, new long[] {-2, 2}))
                .withMessageContaining("axis 1 of [4x6] leaves it");
    }

    @ParameterizedTest(name = "{0} channels")
    @CsvSource({"1", "3", "4", "8"})
    void placeConcatenatesWhateverUnitFits(int channels) {
        DeviceArray a = bench.of(counting(2 * channels), 2, channels);
        DeviceArray b = bench.of(counting(3 * channels), 3, channels);
        DeviceArray out = bench.empty(DType.I32, 5, channels);

        rearrange.place(bench.stream(), a, out, 0, 0);
        rearrange.place(bench.stream(), b, out, 2, 0);

        assertThat(bench.ints(out))
                .containsExactly(IntStream.concat(IntStream.range(0, 2 * channels), IntStream.range(0, 3 * channels))
                        .toArray());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rearrange.place(bench.stream(), b, out, 3, 0))
                .withMessageContaining("does not fit into [5x" + channels + "]");
    }

    @Test
    void expandRepeats() {
        DeviceArray out = bench.empty(DType.I32, 2, 3, 2);

        rearrange.expand(bench.stream(), bench.of(new int[] {1, 2, 3}, 3, 1), out);

        assertThat(bench.ints(out)).containsExactly(1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3);
    }

    @Test
    void paddingRepeatsTheNearestElement() {
        DeviceArray out = bench.empty(DType.I32, 4, 5);

        rearrange.padEdge(bench.stream(), bench.of(new int[] {1, 2, 3, 4}, 2, 2), out, 1, 0);

        assertThat(bench.ints(out)).containsExactly(1, 2, 2, 2, 2, 1, 2, 2, 2, 2, 3, 4, 4, 4, 4, 3, 4, 4, 4, 4);
    }

    @ParameterizedTest(name = "axis {0}")
    @CsvSource({"0", "1", "2"})
    void gatherPicksRowsAlsoFromTheEnd(int axis) {
        int[] dims = {3, 4, 2};
        DeviceArray in = bench.of(counting(24), 3, 4, 2);
        int last = dims[axis] - 1;
        int[] picks = {last, 0, -1, 0};
        int outer = axis == 0 ? 1 : axis == 1 ? 3 : 12;
        int inner = 24 / outer / dims[axis];
        DeviceArray out = bench.empty(DType.I32, (long) outer * picks.length * inner);

        rearrange.gather(bench.stream(), in, bench.of(picks, 2, 2), axis, out);

        int[] result = bench.ints(out);
        for (int i = 0; i < result.length; i++) {
            int pick = picks[i / inner % picks.length];
            int row = pick < 0 ? pick + dims[axis] : pick;
            int block = i / inner / picks.length;
            assertThat(result[i]).isEqualTo((block * dims[axis] + row) * inner + i % inner);
        }
    }
}
