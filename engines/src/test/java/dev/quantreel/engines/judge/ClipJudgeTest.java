package dev.quantreel.engines.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClipJudgeTest {

    private static final Path FIXTURES = Path.of("../tools/demo-model/fixtures/judge_cases.safetensors");
    private static final int SIZE = 64;

    @Test
    void verdictsEqualThoseOfThePythonTwin() throws JsonProcessingException {
        try (SafetensorsFile file = SafetensorsFile.open(FIXTURES)) {
            assertThat(file.names()).hasSizeGreaterThanOrEqualTo(10);
            for (String name : file.names()) {
                JsonNode meta = new ObjectMapper().readTree(file.metadata().get(name));
                Verdict verdict = ClipJudge.judge(frames(file.tensor(name)));
                assertThat(verdict.seen()).as(name).isEqualTo(attributes(meta.get("verdict")));
                assertThat(verdict.overlap())
                        .as(name)
                        .isCloseTo(meta.get("verdict").get("overlap").asDouble(), within(1e-12));
                if (meta.get("kind").asText().equals("drawn")) {
                    assertThat(verdict.follows(new Caption(attributes(meta.get("expected")))))
                            .as(name)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void aDrawnSquareIsSeenAsCaptioned() {
        Caption caption = Caption.parse("A large cyan square moving up on a black background");
        assertThat(caption.isComplete()).isTrue();
        Verdict verdict = ClipJudge.judge(square(28, 0, -2));
        assertThat(verdict.seen()).isEqualTo(caption.attributes());
        assertThat(verdict.overlap()).isEqualTo(1);
        assertThat(verdict.follows(caption)).isTrue();
        Map<Attribute, Boolean> score =
                verdict.score(Caption.parse("a small cyan square moving down on a black background"));
        assertThat(score).containsEntry(Attribute.SIZE, false).containsEntry(Attribute.DIRECTION, false);
        assertThat(score).containsEntry(Attribute.COLOUR, true).containsEntry(Attribute.SHAPE, true);
    }

    @Test
    void slowAndDiagonalMotionHaveNoDirection() {
        assertThat(ClipJudge.judge(square(16, 0, 0)).seen()).doesNotContainKey(Attribute.DIRECTION);
        assertThat(ClipJudge.judge(square(16, 2, 2)).seen()).doesNotContainKey(Attribute.DIRECTION);
        assertThat(ClipJudge.judge(square(16, 2, 1)).seen()).containsEntry(Attribute.DIRECTION, "right");
    }

    @Test
    void anEmptyFrameShowsOnlyItsBackground() {
        Verdict verdict = ClipJudge.judge(square(0, 1, 0));
        assertThat(verdict.seen()).isEqualTo(Map.of(Attribute.BACKGROUND, "black"));
        assertThat(verdict.overlap()).isZero();
    }

    @Test
    void captionsMayLeaveAttributesOpen() {
        Caption caption = Caption.parse("Something RED, going left");
        assertThat(caption.attributes())
                .containsOnly(Map.entry(Attribute.COLOUR, "red"), Map.entry(Attribute.DIRECTION, "left"));
        assertThat(caption.isComplete()).isFalse();
    }

    @Test
    void ratesCountOnlyTheClipsThatNameTheAttribute() {
        Verdict verdict = ClipJudge.judge(square(28, 0, -2));
        JudgeRates rates = JudgeRates.of(List.of(
                new JudgeRates.Judged(Caption.parse("cyan square up"), verdict),
                new JudgeRates.Judged(Caption.parse("cyan circle"), verdict),
                new JudgeRates.Judged(Caption.parse("red"), verdict),
                new JudgeRates.Judged(Caption.parse("black background"), verdict)));
        assertThat(rates.rates()).containsEntry(Attribute.SHAPE, 0.5).containsEntry(Attribute.DIRECTION, 1.0);
        assertThat(rates.rates().get(Attribute.COLOUR)).isCloseTo(2.0 / 3, within(1e-12));
        assertThat(rates.rates()).doesNotContainKey(Attribute.SIZE);
        assertThat(rates.all()).isEqualTo(0.5);
        assertThat(rates.clips()).isEqualTo(4);
        assertThatIllegalArgumentException().isThrownBy(() -> JudgeRates.of(List.of()));
    }

    /// Five frames of a cyan square of this side on black, moving by (dx, dy) pixels a frame.
    private static Frames square(int side, int dx, int dy) {
        byte[] rgb = new byte[5 * SIZE * SIZE * 3];
        Arrays.fill(rgb, (byte) 10);
        for (int frame = 0; frame < 5; frame++) {
            for (int y = 0; y < side; y++) {
                for (int x = 0; x < side; x++) {
                    int at = (frame * SIZE + 20 + frame * dy + y) * SIZE + 20 + frame * dx + x;
                    rgb[3 * at] = 38;
                    rgb[3 * at + 1] = (byte) 217;
                    rgb[3 * at + 2] = (byte) 230;
                }
            }
        }
        return Frames.ofBytes(5, SIZE, SIZE, rgb);
    }

    private static Frames frames(Tensor tensor) {
        return Frames.ofBytes(
                (int) tensor.shape().dim(0),
                (int) tensor.shape().dim(1),
                (int) tensor.shape().dim(2),
                tensor.data().toArray(ValueLayout.JAVA_BYTE));
    }

    private static Map<Attribute, String> attributes(JsonNode json) {
        Map<Attribute, String> attributes = new EnumMap<>(Attribute.class);
        for (Attribute attribute : Attribute.values()) {
            JsonNode word = json.get(attribute.name().toLowerCase(Locale.ROOT));
            if (!word.isNull()) {
                attributes.put(attribute, word.asText());
            }
        }
        return attributes;
    }
}
