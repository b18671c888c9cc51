package dev.quantreel.engines.vbench;

import static org.assertj.core.api.Assertions.assertThat;

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

    /// `tools/reference/vbench_resize.py`; single precision there, so halves may round the other way.
    @ParameterizedTest
    @MethodSource("goldens")
    void itResizesAsTorchvisionDoesWithoutAntialiasing(String golden) {
        List<String> words = List.of(golden.split(" ", -1));
        Size size = new Size(Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)));
        byte[] picture = new byte[HEIGHT * WIDTH * 3];
        for (int i = 0; i < picture.length; i++) {
            picture[i] = (byte) ((i * 37 + i * i * 11) % 256);
        }

        byte[] scaled = PictureScaler.scaled(picture, HEIGHT, WIDTH, size, Filter.valueOf(words.getFirst()));

        assertThat(scaled).hasSize(words.size() - 3);
        int off = 0;
        for (int i = 0; i < scaled.length; i++) {
            int difference = Math.abs((scaled[i] & 0xFF) - Integer.parseInt(words.get(3 + i)));
            assertThat(difference).isLessThanOrEqualTo(1);
            off += difference;
        }
        assertThat(off).isLessThanOrEqualTo(scaled.length / 25);
    }

    @Test
    void theShorterSideIsAskedForAndTheLongerOneCutDown() {
        assertThat(Size.ofShorterSide(480, 832, 224)).isEqualTo(new Size(224, 388));
        assertThat(Size.ofShorterSide(832, 480, 224)).isEqualTo(new Size(388, 224));
        assertThat(Size.ofShorterSide(64, 64, 224)).isEqualTo(new Size(224, 224));
    }
}
