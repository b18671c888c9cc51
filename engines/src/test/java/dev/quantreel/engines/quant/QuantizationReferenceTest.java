package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Holds the quantizers against values that tools/reference/quantization.py computed independently in NumPy.
class QuantizationReferenceTest {

    private static final Map<String, ActivationQuantizer> MODES = Map.of(
            "block", new ActivationQuantizer.Block(64),
            "block_exact", new ActivationQuantizer.BlockExact(64),
            "token", new ActivationQuantizer.Token(),
            "token_asymmetric", new ActivationQuantizer.TokenAsymmetric(),
            "channel", new ActivationQuantizer.Channel(),
            "channel_token", new ActivationQuantizer.ChannelToken(),
            "channel_rms_token", new ActivationQuantizer.ChannelToken(Statistic.RMS),
            "row_normalized", new ActivationQuantizer.RowNormalized());

    @ParameterizedTest
    @ValueSource(strings = {"gaussian", "student5", "skewed"})
    void bgrComesCloseToTheFloorOfAllGridsOnAMesh(String name) {
        try (SafetensorsFile file = GoldenResource.open("quantization.safetensors")) {
            Tensor weight = file.tensor("weight." + name);
            double[] minMax = doubles(file.tensor("weight." + name + ".min_max_mse"));
            double[] floor = doubles(file.tensor("weight." + name + ".floor_mse"));
            RowTasks tasks = new RowTasks(1, CancellationToken.NONE);
            for (int row = 0; row < minMax.length; row++) {
                long bytes = 4 * weight.shape().dim(1);
                Tensor one = new Tensor(
                        weight.dtype(),
                        Shape.of(1, weight.shape().dim(1)),
                        weight.data().asSlice(row * bytes, bytes));
                WeightMatrix matrix = WeightMatrix.of(name, one);
                double plain = QuantizedMatrix.of(matrix, new WeightQuantizer.MinMax(), 4, tasks)
                        .error()
                        .mse();
                double bgr = QuantizedMatrix.of(matrix, new WeightQuantizer.Bgr(), 4, tasks)
                        .error()
                        .mse();
                assertThat(plain).isCloseTo(minMax[row], within(1e-4 * minMax[row]));
                assertThat(bgr).as("row %s", row).isLessThan(floor[row] * 1.06);
                assertThat(bgr).isGreaterThan(floor[row] * 0.97);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "block",
                "block_exact",
                "token",
                "token_asymmetric",
                "channel",
                "channel_token",
                "channel_rms_token",
                "row_normalized"
            })
    void everyModeGivesTheSameValues(String mode) {
        try (SafetensorsFile file = GoldenResource.open("quantization.safetensors")) {
            Tensor x = file.tensor("activation");
            int channels = (int) x.shape().dim(1);
            ActivationMatrix tokens = ActivationMatrix.of(channels, x.toFloatArray());
            for (int bits : new int[] {4, 6, 8}) {
                float[] expected =
                        file.tensor("activation." + mode + "." + bits).toFloatArray();
                QuantizedActivation actual = QuantizedActivation.of(tokens, mode(mode), bits);
                int flipped = 0;
                double worst = 0;
                for (int i = 0; i < expected.length; i++) {
                    int token = i / channels;
                    // With integer multipliers one code is worth up to 18 units of the row's scale.
                    float unit = actual.scale(token, i % channels);
                    float difference = Math.abs(actual.value(token, i % channels) - expected[i]);
                    assertThat(difference).isLessThan(unit * 18.001f);
                    boolean other = difference > 1e-3f * unit;
                    flipped += other ? 1 : 0;
                    worst = other ? worst : Math.max(worst, difference / unit);
                }
                // A value on the edge of two codes may fall to either side in F32 and F64.
                System.out.printf(
                        Locale.ROOT,
                        "twin %s, %d bits: worst difference %.2g steps, %d of %d codes on the other side of an edge%n",
                        mode,
                        bits,
                        worst,
                        flipped,
                        expected.length);
                assertThat(flipped).isLessThanOrEqualTo(expected.length / 500);
            }
        }
    }

    private static ActivationQuantizer mode(String name) {
        ActivationQuantizer quantizer = MODES.get(name);
        if (quantizer == null) {
            throw new IllegalArgumentException("no mode " + name);
        }
        return quantizer;
    }

    private static double[] doubles(Tensor tensor) {
        float[] values = Conversions.toFloatArray(tensor);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
