package dev.quantreel.nodes.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandWordsTest {

    private static CommandWords parse(String line) {
        return CommandWords.parse(
                "bench demo", List.of(line.split(" ")), List.of("--prompts", "--seeds"), List.of("--methods"));
    }

    @Test
    void numbersAndListsAreRead() {
        CommandWords words = parse("--prompts 3 --methods gptq,,dvd-quant");
        assertThat(words.number("--prompts", 8)).isEqualTo(3);
        assertThat(words.number("--seeds", 2)).isEqualTo(2);
        assertThat(words.list("--methods")).containsExactly("gptq", "dvd-quant");
        assertThat(words.list("--settings")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--prompts", "--prompts x", "--prompts -1", "--prompts 99999999", "--what 3", "--methods"})
    void whatIsNoOptionIsNamedWithWhatIs(String line) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse(line))
                .withMessageContaining(line.split(" ")[0])
                .withMessageContaining("--seeds")
                .withMessageContaining("--methods");
    }
}
