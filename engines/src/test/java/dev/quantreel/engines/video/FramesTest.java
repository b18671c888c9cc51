package dev.quantreel.engines.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FramesTest {

    @Test
    void bytesSurviveTheWayThroughFloats() {
        byte[] bytes = new byte[2 * 8 * 16 * 3];
        IntStream.range(0, bytes.length).forEach(i -> bytes[i] = (byte) i);
        Frames frames = Frames.ofBytes(2, 8, 16, bytes);
        assertThat(frames.count()).isEqualTo(2);
        assertThat(frames.height()).isEqualTo(8);
        assertThat(frames.width()).isEqualTo(16);
        assertThat(frames.valuesPerFrame()).isEqualTo(384);
        for (int frame = 0; frame < 2; frame++) {
            byte[] back = frames.rgb24(frame);
            for (int i = 0; i < back.length; i++) {
                assertThat(back[i]).isEqualTo(bytes[frame * 384 + i]);
            }
        }
    }

    @Test
    void valuesOutsideTheRangeAreClampedOnTheWayToBytes() {
        Frames frames = new Frames(Tensor.of(
                Shape.of(1, 1, 2, 3), -1, 2, Float.NaN, Float.POSITIVE_INFINITY, 0.5f, Float.NEGATIVE_INFINITY));
        assertThat(frames.rgb24(0)).containsExactly(0, 255, 0, 255, 128, 0);
    }

    @ParameterizedTest
    @MethodSource("wrongTensors")
    void otherTensorsAreRefused(Tensor tensor) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Frames(tensor))
                .withMessageContaining(tensor.dtype() + tensor.shape().toString());
    }

    static Tensor[] wrongTensors() {
        return new Tensor[] {
            Tensor.zeros(DType.U8, Shape.of(1, 4, 4, 3)),
            Tensor.zeros(DType.F32, Shape.of(4, 4, 3)),
            Tensor.zeros(DType.F32, Shape.of(1, 3, 4, 4)),
            Tensor.zeros(DType.F32, Shape.of(0, 4, 4, 3)),
        };
    }

    @Test
    void aFrameThatDoesNotExistIsNamed() {
        Frames frames = new Frames(Tensor.zeros(DType.F32, Shape.of(2, 4, 4, 3)));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> frames.frame(2))
                .withMessage("frame 2 of 2");
        assertThatIllegalArgumentException().isThrownBy(() -> Frames.ofBytes(1, 2, 2, new byte[5]));
    }
}
