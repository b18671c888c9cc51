package dev.quantreel.engines.vbench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.vbench.PictureScaler.Filter;
import dev.quantreel.engines.vbench.PictureScaler.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PictureScalerTest {

    private static final int HEIGHT = 5;
    private static final int WIDTH = 7;

    static Stream<String> goldens() throws IOException {
        return Files.readAllLines(Path.of("src/test/resources/golden/vbench_resize.txt")).stream();
    }

    /// `tools/reference/vbench_resize.py`; single precision there.
    @ParameterizedTest
    @MethodSource("goldens")
    void itResizesAsTorchvisionDoesWithoutAntialiasing(String golden) {
        List<String> words = List.of(golden.split(" ", -1));
        Size size = new Size(Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)));
        float[] picture = new float[HEIGHT * WIDTH * 3];
        for (int i = 0; i < picture.length; i++) {
            picture[i] = (i * 37 + i * i * 11) % 256;
        }

        float[] scaled = PictureScaler.scaled(picture, HEIGHT, WIDTH, size, Filter.valueOf(words.getFirst()));

        assertThat(scaled).hasSize(words.size() - 3);
        for (int i = 0; i < scaled.length; i++) {
            assertThat(scaled[i]).isCloseTo(Float.parseFloat(words.get(3 + i)), within(1e-3f));
        }
    }

    @Test
    void theShorterSideIsAskedForAndTheLongerOneCutDown() {
        assertThat(Size.ofShorterSide(480, 832, 224)).isEqualTo(new Size(224, 388));
        assertThat(Size.ofShorterSide(832, 480, 224)).isEqualTo(new Size(388, 224));
        assertThat(Size.ofShorterSide(64, 64, 224)).isEqualTo(new Size(224, 224));
    }
}
