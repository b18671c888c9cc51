package dev.quantreel.engines.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlgebraTest {

    private static final ParallelPieces ONE = new ParallelPieces(1, CancellationToken.NONE);
    private static final ParallelPieces THREE = new ParallelPieces(3, CancellationToken.NONE);

    private static Matrix random(int rows, int columns, long seed) {
        Random random = new Random(seed);
        Matrix matrix = Matrix.zeros(rows, columns);
        for (int i = 0; i < matrix.values().length; i++) {
            matrix.values()[i] = (float) random.nextGaussian();
        }
        return matrix;
    }

    private static Matrix gram(Matrix x) {
        Matrix gram = Matrix.zeros(x.columns(), x.columns());
        gram.addGram(x, THREE);
        return gram.mirror();
    }

    @Test
    void resultsDoNotDependOnTheNumberOfThreads() {
        Matrix a = random(300, 170, 1);
        Matrix b = random(170, 210, 2);
        assertThat(a.times(b, THREE)).isEqualTo(a.times(b, ONE));
        Matrix c = random(300, 210, 3);
        assertThat(a.transposedTimes(c, THREE)).isEqualTo(a.transposedTimes(c, ONE));
        assertThat(LowRank.of(a, 5, Optional.empty(), THREE).down())
                .isEqualTo(LowRank.of(a, 5, Optional.empty(), ONE).down());
    }

    @Test
    void theGramMatrixIsTheTransposeTimesTheMatrix() {
        Matrix x = random(130, 97, 4);
        Matrix expected = x.transposedTimes(x, ONE);
        assertThat(gram(x).minus(expected).squareSum()).isLessThan(1e-9 * expected.squareSum());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 127, 128, 129, 300})
    void theTriangularFactorTimesItsTransposeIsTheMatrix(int size) {
        Matrix h = gram(random(2 * size + 3, size, 5));
        Matrix u = TriangularFactor.of(h.copy(), THREE).orElseThrow();
        for (int i = 1; i < size; i++) {
            assertThat(u.at(i, i - 1)).isZero();
        }
        Matrix product = u.times(u.transposed(), ONE);
        assertThat(product.minus(h).squareSum()).isLessThan(1e-10 * h.squareSum());
    }

    @Test
    void rowsAndColumnsOfASquareMatrixComeIntoAnotherOrder() {
        Matrix a = random(75, 75, 13);
        int[] order = IntStream.range(0, 75).map(i -> (i * 29 + 4) % 75).toArray();
        Matrix reordered = a.copy();
        reordered.reorder(order, THREE);
        Matrix turned = a.copy();
        turned.transposeInPlace();
        assertThat(turned).isEqualTo(a.transposed());
        for (int i = 0; i < 75; i++) {
            for (int j = 0; j < 75; j++) {
                assertThat(reordered.at(i, j)).isEqualTo(a.at(order[i], order[j]));
            }
        }
    }

    @Test
    void aMatrixThatIsNotPositiveDefiniteHasNoFactor() {
        Matrix h = gram(random(100, 90, 6));
        h.values()[0] = -1;
        assertThat(TriangularFactor.of(h, ONE)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TriangularFactor.of(Matrix.zeros(2, 3), ONE))
                .withMessageContaining("2 x 3 is not square");
    }

    @Test
    void aMatrixOfLowRankIsFoundExactly() {
        Matrix a = random(120, 5, 7).times(random(5, 90, 8), ONE);
        LowRank found = LowRank.of(a, 5, Optional.empty(), ONE);
        assertThat(a.minus(found.product(ONE)).squareSum()).isLessThan(1e-9 * a.squareSum());
        Matrix units = found.up().transposedTimes(found.up(), ONE);
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 5; j++) {
                assertThat(units.at(i, j)).isCloseTo(i == j ? 1 : 0, within(1e-5f));
            }
        }
    }

    /// Diagonal with singular values 1, 0.9, 0.81 ... between random orthonormal bases: the best rank is known.
    @Test
    void theEnergyLeftIsAlmostTheLeastThatARankCanLeave() {
        Matrix left = random(150, 80, 9);
        Matrix right = random(110, 80, 10);
        LowRank.orthonormalise(left);
        LowRank.orthonormalise(right);
        double least = 0;
        for (int i = 0; i < 150; i++) {
            for (int k = 0; k < 80; k++) {
                left.values()[i * 80 + k] *= (float) Math.pow(0.9, k);
            }
        }
        for (int k = 12; k < 80; k++) {
            least += Math.pow(0.9, 2 * k);
        }
        Matrix a = left.times(right.transposed(), ONE);
        double rest =
                a.minus(LowRank.of(a, 12, Optional.empty(), ONE).product(ONE)).squareSum();
        assertThat(rest).isBetween(0.999 * least, 1.005 * least);
    }

    @Test
    void aRankBeyondTheMatrixGivesTheMatrix() {
        Matrix a = random(6, 40, 11);
        LowRank found = LowRank.of(a, 32, Optional.empty(), ONE);
        assertThat(found.down().rows()).isEqualTo(6);
        assertThat(a.minus(found.product(ONE)).squareSum()).isLessThan(1e-9 * a.squareSum());
        assertThat(LowRank.of(Matrix.zeros(7, 9), 3, Optional.empty(), ONE)
                        .product(ONE)
                        .squareSum())
                .isZero();
    }

    @Test
    void workStopsWhenCancelled() {
        ParallelPieces cancelled = new ParallelPieces(2, new CancellationToken() {
            @Override
            public boolean cancelled() {
                return true;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        });
        Matrix a = random(400, 400, 12);
        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> a.times(a, cancelled));
    }
}
