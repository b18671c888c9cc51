package dev.quantreel.engines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.runtime.CancellationToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormulaLineTest {

    @ParameterizedTest
    @CsvSource({"1.02, MEAN", "1.10, DRAWS", "1.15, DRAWS", "1.25, OUTSIDE", "0.8, OUTSIDE", "0.975, MEAN"})
    void aReferenceIsNearTheMeanAmongTheDrawsOrNeither(double reference, FormulaLine.Verdict expected) {
        assertThat(FormulaLine.ofShare("x", reference, List.of(0.9, 1.0, 1.1, 1.0))
                        .verdict())
                .isEqualTo(expected);
    }

    @Test
    void decibelsAreTakenAsDifferences() {
        assertThat(FormulaLine.ofDecibels("x", 15.29, List.of(15.0, 15.0)).verdict())
                .isEqualTo(FormulaLine.Verdict.MEAN);
        assertThat(FormulaLine.ofDecibels("x", 15.31, List.of(15.0, 15.0)).verdict())
                .isEqualTo(FormulaLine.Verdict.OUTSIDE);
    }

    /// The figures of Student t3 at 256 x 3072 differ from draw to draw by more than 3 %, Gaussian ones do not.
    @Test
    void everyWeightFigureIsMetAndHeavyTailsScatter() {
        List<FormulaLine> lines = new ArrayList<>();
        new WeightFormulas(6, CancellationToken.NONE).run(lines::add);
        assertThat(lines).hasSizeGreaterThan(25);
        for (FormulaLine line : lines) {
            assertThat(line.verdict()).as(line.name()).isNotEqualTo(FormulaLine.Verdict.OUTSIDE);
        }
        assertThat(scatter(lines, "Student t3, W4, MinMax per row")).isGreaterThan(0.03);
        assertThat(scatter(lines, "Gaussian, W4, MinMax per row")).isLessThan(0.02);
    }

    private static double scatter(List<FormulaLine> lines, String name) {
        FormulaLine line = lines.stream()
                .filter(own -> own.name().equals(name))
                .findFirst()
                .orElseThrow();
        return (line.largest() - line.smallest()) / line.spread().mean();
    }

    @Test
    void tokensHaveTheDisturbancesOfTheirNames() {
        double plain = energy(LinearFormulas.Tokens.PLAIN);
        assertThat(plain).isCloseTo(1, within(0.02));
        assertThat(energy(LinearFormulas.Tokens.OUTLIERS)).isBetween(3.0, 4.5);
        assertThat(energy(LinearFormulas.Tokens.MASSIVE)).isGreaterThan(3.2);
        assertThat(energy(LinearFormulas.Tokens.MEAN)).isBetween(3.0, 4.6);
    }

    private static double energy(LinearFormulas.Tokens tokens) {
        ActivationMatrix x = tokens.draw(new Random(7));
        double squares = 0;
        for (int i = 0; i < x.tokens(); i++) {
            for (int j = 0; j < x.channels(); j++) {
                squares += x.at(i, j) * x.at(i, j);
            }
        }
        return squares / x.tokens() / x.channels();
    }
}
