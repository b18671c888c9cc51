package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import org.junit.jupiter.api.Test;

class TorchNoiseTest {

    @Test
    void everyValueEqualsTorch() {
        try (SafetensorsFile file = GoldenResource.open("torch_noise.safetensors")) {
            assertThat(file.names()).hasSizeGreaterThan(5);
            for (String name : file.names()) {
                long seed = Long.parseUnsignedLong(name.split("\\.", -1)[1]);
                Tensor expected = file.tensor(name);
                Tensor actual = TorchNoise.gaussian(seed, expected.shape());
                assertThat(actual.shape()).isEqualTo(expected.shape());
                assertThat(actual.toFloatArray()).as(name).containsExactly(expected.toFloatArray(), within(2e-6f));
            }
        }
    }

    @Test
    void noiseIsStandardNormalAndSeedsDiffer() {
        float[] values = TorchNoise.gaussian(3, Shape.of(100_000)).toFloatArray();
        double mean = 0;
        double square = 0;
        for (float value : values) {
            mean += value / values.length;
            square += (double) value * value / values.length;
        }
        assertThat(mean).isCloseTo(0, within(0.015));
        assertThat(square).isCloseTo(1, within(0.03));
        assertThat(TorchNoise.gaussian(4, Shape.of(100_000)).toFloatArray()).isNotEqualTo(values);
        assertThat(TorchNoise.gaussian(3, Shape.of(0)).elements()).isZero();
    }
}
