package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.nodes.spi.NodeInputException;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipGridTest {

    private static ClipGrid of(String release) {
        TransformerFacts facts =
                TransformerRelease.named(release).architecture().facts();
        return new ClipGrid(facts.latent().space(), Optional.of(facts));
    }

    @ParameterizedTest
    @CsvSource({
        "wan-t2v-1.3b, 832, 480, 81, 21, 60, 104",
        "ltx-video-2b, 704, 480, 97, 13, 15, 22",
        "cogvideox-2b, 720, 480, 49, 13, 60, 90",
        "cogvideox-1.5-5b, 1360, 768, 85, 22, 96, 170",
        "latte-1, 512, 512, 16, 16, 64, 64"
    })
    void sizesOfTheReleasesFit(String release, int width, int height, int pictures, int frames, int rows, int columns) {
        assertThat(of(release).size(width, height, pictures)).isEqualTo(new LatentSize(frames, rows, columns));
    }

    @ParameterizedTest
    @CsvSource({
        "wan-t2v-1.3b, 80, 77 and 81",
        "ltx-video-2b, 13, 9 and 17",
        "cogvideox-1.5-5b, 81, 77 and 85",
        "cogvideox-1.5-5b, 1, 5 and 13"
    })
    void otherLengthsNameTheNearestOnes(String release, int pictures, String nearest) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> of(release).size(512, 512, pictures))
                .satisfies(e -> assertThat(e.port()).isEqualTo("frames"))
                .withMessageContaining("the nearest are " + nearest);
    }
}
