package dev.quantreel.engines.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VaeFeaturesTest {

    private static final CancellationToken NONE = CancellationToken.NONE;

    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wan21_vae_diffusers",
                "wan22_vae_diffusers",
                "hunyuan_vae_encoder",
                "hunyuan15_vae_diffusers",
                "cogvideox_vae_encoder",
                "ltx_vae_encoder"
            })
    void everyLevelIsThatOfTheReferencesHooks(String golden) {
        try (SafetensorsFile file = GoldenResource.open("vae_features.safetensors");
                SafetensorsFile model = GoldenResource.open(golden + ".safetensors");
                VaeFeatures features = VaeFeatures.open(engine, VaeFixtures.weights(golden))) {
            Frames reference = pictures(model.tensor("in.x"));
            Frames test = pictures(file.tensor(golden + ".test"));
            Tensor expected = file.tensor(golden + ".levels");

            VaeFeatures.Distance distance = features.distance(reference, test, DecodeOptions.AUTO, NONE);

            assertThat(distance.levels()).hasSize((int) expected.elements());
            double mean = 0;
            double worst = 0;
            for (int i = 0; i < distance.levels().size(); i++) {
                double level = expected.data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
                worst = Math.max(worst, Math.abs(distance.levels().get(i) - level));
                mean += level / expected.elements();
            }
            System.out.println(golden + ": levels differ by up to " + worst);
            assertThat(worst).isLessThan(1e-5);
            assertThat(distance.mean()).isCloseTo(mean, within(1e-5));
            assertThat(features.distance(reference, reference, DecodeOptions.AUTO, NONE)
                            .mean())
                    .isLessThan(1e-12);
        }
    }

    @Test
    void moreNoiseIsFartherAndTilesSayNearlyTheSame() {
        try (SafetensorsFile file = GoldenResource.open("vae_features.safetensors");
                SafetensorsFile model = GoldenResource.open("wan21_vae_diffusers.safetensors");
                VaeFeatures features = VaeFeatures.open(engine, VaeFixtures.weights("wan21_vae_diffusers"))) {
            Frames reference = pictures(model.tensor("in.x"));
            Frames test = pictures(file.tensor("wan21_vae_diffusers.test"));
            Frames halfway = between(reference, test);
            DecodeOptions whole = DecodeOptions.AUTO;
            double far = features.distance(reference, test, whole, NONE).mean();

            assertThat(features.distance(reference, halfway, whole, NONE).mean())
                    .isBetween(1e-6, 0.7 * far);
            assertThat(features.distance(reference, test, new DecodeOptions(16, 8), NONE)
                            .mean())
                    .isCloseTo(far, within(0.2 * far))
                    .isNotEqualTo(far);
            assertThat(features.workingBytes(reference, whole)).isPositive();
        }
    }

    private static Frames between(Frames a, Frames b) {
        float[] values = a.rgb().toFloatArray();
        float[] others = b.rgb().toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = (values[i] + others[i]) / 2;
        }
        return new Frames(Tensor.of(a.rgb().shape(), values));
    }

    @Test
    void otherShapesAndFilesWithoutAnEncoderAreRefused() {
        try (SafetensorsFile model = GoldenResource.open("wan21_vae_diffusers.safetensors");
                VaeFeatures features = VaeFeatures.open(engine, VaeFixtures.weights("wan21_vae_diffusers"))) {
            Frames reference = pictures(model.tensor("in.x"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> features.distance(reference, reference.clip(0, 5), DecodeOptions.AUTO, NONE))
                    .withMessageContaining("[9x24x32x3]")
                    .withMessageContaining("[5x24x32x3]");
            Frames six = reference.clip(0, 6);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> features.distance(six, six, DecodeOptions.AUTO, NONE))
                    .withMessageContaining("accepted are 1, 5, 9");
        }
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeFeatures.open(engine, VaeFixtures.weights("taehv_wan22")))
                .withMessageContaining("without an encoder");
    }

    /// `[1, 3, frames, rows, columns]` in [-1, 1] as pictures.
    private static Frames pictures(Tensor signed) {
        Shape shape = signed.shape();
        int plane = (int) (shape.dim(2) * shape.dim(3) * shape.dim(4));
        float[] source = Conversions.toFloatArray(signed);
        float[] target = new float[source.length];
        for (int i = 0; i < source.length; i++) {
            target[i % plane * 3 + i / plane] = (source[i] + 1) / 2;
        }
        return new Frames(Tensor.of(Shape.of(shape.dim(2), shape.dim(3), shape.dim(4), 3), target));
    }
}
