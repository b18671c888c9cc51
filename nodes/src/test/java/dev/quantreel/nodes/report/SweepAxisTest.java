package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.nodes.spi.Upstream;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepAxisTest {

    private static final List<Upstream.Source> SOURCES = List.of(
            new Upstream.Source("1", "Load DiT", "LoadDiT", List.of("file")),
            new Upstream.Source("2", "BGR Quantize", "BGRQuantize", List.of("bits", "keep")),
            new Upstream.Source("3", "ARQ Activation", "ARQActivation", List.of("bits", "mode")),
            new Upstream.Source("4", "Prompt", "EncodePrompt", List.of("text")),
            new Upstream.Source("5", "Prompt", "EncodePrompt", List.of("text")));

    private static List<String> values(String text) {
        SweepValues values = SweepValues.of(text);
        return LongStream.range(0, values.count()).mapToObj(values::value).toList();
    }

    private static List<String> grid(String axes) {
        return SweepPoints.grid(SweepAxis.of(axes, SOURCES)).stream()
                .map(SweepAxisTest::shown)
                .toList();
    }

    private static String shown(List<Upstream.Change> point) {
        return point.stream()
                .map(change -> change.nodeId() + "." + change.input() + "=" + change.value())
                .collect(Collectors.joining(" "));
    }

    @Test
    void valuesAreListsRangesAndQuotedText() {
        assertThat(values("3, 4,6")).containsExactly("3", "4", "6");
        assertThat(values("2..5")).containsExactly("2", "3", "4", "5");
        assertThat(values("0.05..0.2 step 0.05")).containsExactly("0.05", "0.1", "0.15", "0.2");
        assertThat(values("-1..1 step 1, 8")).containsExactly("-1", "0", "1", "8");
        assertThat(values("\"STP: low, then high\", ABS: alternating, \"\""))
                .containsExactly("STP: low, then high", "ABS: alternating", "");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|there is no value",
                "3,,4|empty value",
                "4..2|no rising range",
                "2..4 step 0|no rising range",
                "3, \"a|quotation mark"
            })
    void malformedValuesAreRefusedWithWhatIsAccepted(String text, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SweepValues.of(text == null ? "" : text))
                .withMessageContaining(message);
    }

    @Test
    void aGridHasAllCombinationsWithTheLastRowFastest() {
        assertThat(grid("BGR Quantize.bits = 3, 4\n# nothing\n\nARQActivation.bits = 4, 8"))
                .containsExactly("2.bits=3 3.bits=4", "2.bits=3 3.bits=8", "2.bits=4 3.bits=4", "2.bits=4 3.bits=8");
        assertThat(grid("")).containsExactly("");
    }

    @Test
    void inputsThatGoTogetherChangeTogether() {
        assertThat(grid("2.bits & 3.bits = 4 & 8, 3 & 6")).containsExactly("2.bits=4 3.bits=8", "2.bits=3 3.bits=6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> grid("2.bits & 3.bits = 4 & 8, 3"))
                .withMessageContaining("1 values for 2 inputs");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "BGR Quantize.bits|row 'BGR Quantize.bits': accepted is Node.input = values",
                "PBQ.bits = 4|no node before this one is called 'PBQ'",
                "BGR Quantize.size = 4|accepted are [bits, keep]",
                "Prompt.text = a|accepted are their ids [4, 5] instead"
            })
    void rowsThatNameWhatIsNotThereAreRefused(String row, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> grid(row)).withMessageContaining(message);
    }

    @Test
    void anInputIsVariedByOneRowOnly() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> grid("BGR Quantize.bits = 3\n2.bits = 4"))
                .withMessageContaining("varied by two rows");
    }

    @Test
    void aMillionPointsAreRefusedAtOnceWithWhatWouldBeAccepted() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> grid("2.bits = 1..1000\n3.bits = 1..1000"))
                .withMessageContaining("1,000,000 points")
                .withMessageContaining("up to 1,000")
                .withMessageContaining("random");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> grid("2.bits = 1..4000000000000000000\n3.bits = 1..4000000000000000000"))
                .withMessageContaining("more points than can be counted");
    }

    @Test
    void randomPointsAreDifferentRepeatableAndFromTheWholeGrid() {
        List<SweepAxis> axes = SweepAxis.of("2.bits = 1..1000\n3.bits = 1..1000", SOURCES);
        List<String> points = SweepPoints.random(axes, 40, 7).stream()
                .map(SweepAxisTest::shown)
                .toList();

        assertThat(points).hasSize(40).doesNotHaveDuplicates();
        assertThat(SweepPoints.random(axes, 40, 7).stream().map(SweepAxisTest::shown))
                .isEqualTo(points);
        assertThat(SweepPoints.random(axes, 40, 8).stream().map(SweepAxisTest::shown))
                .isNotEqualTo(points);
        assertThat(points)
                .anyMatch(point -> point.startsWith("2.bits=9"))
                .anyMatch(point -> !point.startsWith("2.bits=9"));
    }

    @Test
    void aRandomSweepOfASmallGridTakesAllOfIt() {
        assertThat(SweepPoints.random(SweepAxis.of("2.bits = 2..4", SOURCES), 50, 0))
                .hasSize(3);
    }
}
