package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How loops over several operands are cut into launches.
class AxesTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 4, 7, 20, 60, 1000})
    void partsWalkThroughEveryElementOnceInOrderAndNoneIsLargerThanAllowed(long most) {
        long[] dims = {3, 4, 5};
        Axes axes = Axes.merged(dims, Axes.dense(dims), Axes.broadcast(new long[] {3, 1, 5}, dims));
        long[] seen = new long[60];
        int count = 0;
        for (Axes.Part part : axes.parts(most)) {
            long[] extents = part.axes().extents();
            assertThat(part.axes().count()).isBetween(1L, most);
            for (long i = 0; i < part.axes().count(); i++) {
                long dense = part.offsets()[0];
                long repeated = part.offsets()[1];
                long rest = i;
                for (int axis = extents.length - 1; axis >= 0; axis--) {
                    dense += rest % extents[axis] * part.axes().strides()[0][axis];
                    repeated += rest % extents[axis] * part.axes().strides()[1][axis];
                    rest /= extents[axis];
                }
                assertThat(dense).isEqualTo(count);
                assertThat(repeated).isEqualTo(dense / 20 * 5 + dense % 5);
                seen[count++] = dense;
            }
        }
        assertThat(count).isEqualTo(seen.length);
    }

    /// Two samples of a HunyuanVideo projection at 720p, with a factor for each sample: 2.5 billion elements a sample.
    @Test
    void partsOfTensorsBeyondThirtyTwoBitsHaveExtentsAndStridesWithinThem() {
        long[] dims = {2, 118_800, 21_504};
        long most = 1L << 30;
        Axes axes = Axes.merged(dims, Axes.broadcast(new long[] {2, 1, 21_504}, dims), Axes.dense(dims));

        List<Axes.Part> parts = axes.parts(most);

        assertThat(parts.stream().mapToLong(part -> part.axes().count()).sum()).isEqualTo(2L * 118_800 * 21_504);
        assertThat(parts).allSatisfy(part -> {
            assertThat(part.axes().count()).isLessThanOrEqualTo(most);
            assertThat(Arrays.stream(part.axes().strides()).flatMapToLong(Arrays::stream))
                    .allMatch(stride -> stride <= most);
        });
        assertThat(parts.getLast().offsets()[0]).isEqualTo(21_504);
    }
}
