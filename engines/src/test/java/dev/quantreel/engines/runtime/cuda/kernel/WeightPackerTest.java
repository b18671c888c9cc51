package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.ReferenceLinear;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.simulator.DeviceArrays;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightPackerTest {

    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);

    private static QuantizedMatrix quantized(int rows, int columns, WeightPlan plan) {
        Random random = new Random(rows + columns);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (1 + i % 7) + 0.3);
        }
        WeightMatrix weights = WeightMatrix.of("blocks.3.ffn.0.weight", Tensor.of(Shape.of(rows, columns), values));
        return QuantizedMatrix.of(weights, plan, ONE_THREAD);
    }

    private static WeightPlan plan(int bits, int group) {
        Granularity granularity = group == 0 ? new Granularity.PerRow() : new Granularity.GroupMultiples(group);
        return new WeightPlan(new WeightQuantizer.MinMax(), bits, granularity);
    }

    @ParameterizedTest(name = "{0} x {1}, {2} bits, groups of {3}: packed in {4} bits")
    @CsvSource({
        "1, 32, 4, 0, 4", "64, 128, 4, 0, 4", "65, 160, 4, 0, 4", "530, 96, 4, 0, 4", "70, 64, 2, 0, 4",
        "70, 64, 3, 0, 4", "70, 96, 5, 0, 8", "33, 128, 7, 0, 8", "300, 160, 8, 0, 8", "70, 256, 4, 64, 8",
        "20, 128, 5, 32, 8"
    })
    void everyPackedWeightIsTheStoredOne(int rows, int columns, int bits, int group, int packedBits) {
        QuantizedMatrix weights = quantized(rows, columns, plan(bits, group));
        WeightPacker packer = WeightPacker.of(weights);
        PackedLayout layout = packer.layout();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment packed = arena.allocate(layout.bytes());
            packed.fill((byte) 0x55);
            packer.pack(packed, 2);

            assertThat(layout.bits()).isEqualTo(packedBits);
            for (int row = 0; row < rows; row++) {
                assertThat(packer.step(row)).isEqualTo(weights.step(row));
                for (int column = 0; column < columns; column++) {
                    assertThat(layout.code(packed, row, column) - packer.zero(row))
                            .as("row %s, column %s", row, column)
                            .isEqualTo(weights.level(row, column));
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @CsvSource({"4", "8"})
    void paddingIsZeroAndEveryElementHasAPlaceOfItsOwn(int bits) {
        PackedLayout layout = new PackedLayout(65, 160, bits);
        byte[] ones = new byte[65 * 160];
        Arrays.fill(ones, (byte) 1);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment packed = arena.allocate(layout.bytes());
            WeightPacker.of(layout, ones).pack(packed, 1);
            long set = 0;
            for (byte value : packed.toArray(ValueLayout.JAVA_BYTE)) {
                set += Integer.bitCount(value & 0xFF);
            }

            assertThat(layout.bytes()).isEqualTo(128L * 256 * bits / 8);
            assertThat(set).isEqualTo(65L * 160);
        }
    }

    @Test
    void stepsByGroupsAreRefusedByName() {
        WeightPlan floats = new WeightPlan(new WeightQuantizer.MinMax(), 4, new Granularity.PerGroup(32));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightPacker.of(quantized(8, 64, floats)))
                .withMessageContaining("blocks.3.ffn.0.weight [8, 64]")
                .withMessageContaining("integer multiples of one step per row");
    }

    @ParameterizedTest(name = "{0}, {1} bits, weights {2} bits in groups of {3}")
    @CsvSource({
        "TOKEN, 8, 4, 0",
        "TOKEN, 4, 4, 0",
        "BLOCK, 4, 4, 0",
        "BLOCK, 6, 3, 0",
        "BLOCK_EXACT, 4, 4, 0",
        "BLOCK_EXACT, 8, 8, 0",
        "TOKEN, 8, 4, 64"
    })
    void aLinearOfQuantizedWeightsEqualsTheReference(String method, int bits, int weightBits, int group) {
        QuantizedMatrix weights = quantized(140, 256, plan(weightBits, group));
        ActivationQuantizer quantizer =
                switch (method) {
                    case "TOKEN" -> new ActivationQuantizer.Token();
                    case "BLOCK" -> new ActivationQuantizer.Block(64);
                    default -> new ActivationQuantizer.BlockExact(64);
                };
        QuantizedActivation x = QuantizedActivation.of(activation(40, 256), quantizer, bits);
        float[] bias = new float[140];
        bias[7] = 2;

        float[] expected = ReferenceLinear.of(weights, bias).apply(x);
        float[] actual = onGpu(x, weights, bias);

        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("element " + i).isCloseTo(expected[i], within((float) (1e-6 * largest)));
        }
    }

    private static ActivationMatrix activation(int tokens, int channels) {
        Random random = new Random(5);
        float[] values = new float[tokens * channels];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * (i % 31 == 0 ? 12 : 1);
        }
        return ActivationMatrix.of(channels, values);
    }

    private static float[] onGpu(QuantizedActivation x, QuantizedMatrix weights, float[] bias) {
        int groups = x.channels() / x.groupSize();
        byte[] codes = new byte[x.tokens() * x.channels()];
        float[] scale = new float[x.tokens() * groups];
        int[] sums = new int[scale.length];
        for (int i = 0; i < codes.length; i++) {
            int token = i / x.channels();
            int channel = i % x.channels();
            int at = token * groups + channel / x.groupSize();
            codes[i] = (byte) x.code(0, token, channel);
            scale[at] = x.scale(token, channel);
            sums[at] += codes[i];
        }
        WeightPacker packer = WeightPacker.of(weights);
        try (HostSimulator gpu = HostSimulator.start();
                DeviceArrays device = new DeviceArrays(gpu.context());
                Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(PackedWeights.bytes(packer.layout()), 16);
            packer.write(host, 2, bias);
            DeviceMemory blob = device.of(host.toArray(ValueLayout.JAVA_BYTE));
            DeviceMemory y = device.empty(4L * x.tokens() * weights.rows());
            GemmTokens tokens = new GemmTokens(
                    device.of(codes).span(),
                    8,
                    x.tokens(),
                    device.of(scale).span(),
                    device.of(sums).span(),
                    x.groupSize());
            new LowBitGemm(gpu.kernels())
                    .launch(
                            gpu.context().defaultStream(),
                            tokens,
                            PackedWeights.at(packer.layout(), blob.span(), true),
                            GemmOutput.of(y.span(), DType.F32));
            return device.floats(y);
        }
    }
}
