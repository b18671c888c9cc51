package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuantizationErrorTest {

    @Test
    void itsFiguresAreItsComponentsInTheirOrder() throws ReflectiveOperationException {
        double[] figures =
                IntStream.range(0, QuantizationError.FIGURES).asDoubleStream().toArray();

        QuantizationError error = QuantizationError.ofFigures(figures);

        assertThat(error.figures()).isEqualTo(figures);
        for (int i = 0; i < figures.length; i++) {
            assertThat(QuantizationError.class
                            .getRecordComponents()[i]
                            .getAccessor()
                            .invoke(error))
                    .isEqualTo(figures[i]);
        }
    }

    @Test
    void fewerFiguresAreNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizationError.ofFigures(new double[3]))
                .withMessageContainingAll("3 figures", "it has 9");
    }
}
