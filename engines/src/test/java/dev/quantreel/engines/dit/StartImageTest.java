package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StartImageTest {

    private static final LatentSize SIZE = new LatentSize(3, 2, 3);
    private final List<Frames> encoded = new ArrayList<>();

    @Test
    void wanReadsFourMasksAndTheLatentOfAClipThatGoesOnInGrey() {
        StartImage.Prepared prepared =
                new StartImage(wan(36, 16, false), SIZE).of(pictures(1), encoder(16), Optional.empty());

        Frames clip = encoded.getFirst();
        assertThat(clip.count()).isEqualTo(9);
        assertThat(clip.frame(0)).containsOnly(0.25f);
        assertThat(clip.frame(1)).containsOnly(0.5f);
        assertThat(clip.frame(8)).containsOnly(0.5f);
        Tensor channels = prepared.image().channels().orElseThrow();
        assertThat(channels.shape()).isEqualTo(Shape.of(1, 20, 3, 2, 3));
        float[] values = channels.toFloatArray();
        for (int mask = 0; mask < 4; mask++) {
            assertThat(Arrays.copyOfRange(values, mask * 18, mask * 18 + 6)).containsOnly(1);
            assertThat(Arrays.copyOfRange(values, mask * 18 + 6, mask * 18 + 18))
                    .containsOnly(0);
        }
        assertThat(Arrays.copyOfRange(values, 4 * 18, 20 * 18)).containsOnly(7);
        assertThat(prepared.latent()).isEmpty();
    }

    @Test
    void severalPicturesAreKnownInTheirLatentFrames() {
        StartImage.Prepared prepared =
                new StartImage(wan(36, 16, false), SIZE).of(pictures(5), encoder(16), Optional.empty());
        float[] values = prepared.image().channels().orElseThrow().toFloatArray();

        assertThat(Arrays.copyOfRange(values, 0, 12)).containsOnly(1);
        assertThat(Arrays.copyOfRange(values, 12, 18)).containsOnly(0);
        assertThat(encoded.getFirst().frame(4)).containsOnly(0.25f);
        assertThat(encoded.getFirst().frame(5)).containsOnly(0.5f);
    }

    @Test
    void theFirstFrameOfWan225bIsPartOfTheClip() {
        StartImage.Prepared prepared =
                new StartImage(wan(48, 48, true), SIZE).of(pictures(3), encoder(48), Optional.empty());

        assertThat(encoded.getFirst().count()).as("whole latent frames").isEqualTo(1);
        Tensor latent = prepared.latent().orElseThrow();
        assertThat(latent.shape()).isEqualTo(Shape.of(1, 48, 3, 2, 3));
        float[] values = latent.toFloatArray();
        for (int channel = 0; channel < 48; channel++) {
            assertThat(Arrays.copyOfRange(values, channel * 18, channel * 18 + 6))
                    .containsOnly(7);
            assertThat(Arrays.copyOfRange(values, channel * 18 + 6, channel * 18 + 18))
                    .containsOnly(0);
        }
        assertThat(prepared.image().knownFrames()).isEqualTo(1);
        assertThat(prepared.image().channels()).isEmpty();
    }

    @Test
    void anotherVaeAndATextModelAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new StartImage(wan(36, 16, false), SIZE).of(pictures(1), encoder(48), Optional.empty()))
                .withMessageContaining("[1x48x3x2x3]")
                .withMessageContaining("wan_2.1_vae.safetensors");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new StartImage(wan(16, 16, false), SIZE).of(pictures(1), encoder(16), Optional.empty()))
                .withMessageContaining("from text alone");
    }

    private static TransformerFacts wan(int in, int out, boolean perFrame) {
        return new WanTransformer(new WanConfig(in, out, 128, 64, 1, 1, 32, 256, 12, 0, perFrame)).facts();
    }

    private static Frames pictures(int count) {
        float[] values = new float[count * 16 * 24 * 3];
        Arrays.fill(values, 0.25f);
        return new Frames(Tensor.of(Shape.of(count, 16, 24, 3), values));
    }

    /// Sees sevens everywhere.
    private StartImage.Encoder encoder(int channels) {
        return pictures -> {
            encoded.add(pictures);
            int frames = (pictures.count() - 1) / 4 + 1;
            float[] values = new float[channels * frames * 6];
            Arrays.fill(values, 7);
            return Tensor.of(Shape.of(1, channels, frames, 2, 3), values);
        };
    }
}
