package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm.Route;
import dev.quantreel.engines.runtime.cuda.simulator.DeviceArrays;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin;
import dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin.Epilogue;
import dev.quantreel.engines.tensor.DType;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The products run by the real launching code and the real kernels' source on the host simulator.
class LowBitGemmTest {

    private static final long MEMORY_BYTES = 1L << 30;

    /// A chip and how it stores codes.
    private enum Way {
        S8S4(8, 9, 8, 4),
        S8S8(8, 6, 8, 8),
        S4S4(8, 0, 4, 4),
        BLACKWELL_S8S4(12, 0, 8, 4),
        HOPPER_S8S4(9, 0, 8, 4),
        HOPPER_S8S8(9, 0, 8, 8);

        private final int major;
        private final int minor;
        private final int tokenBits;
        private final int weightBits;

        Way(int major, int minor, int tokenBits, int weightBits) {
            this.major = major;
            this.minor = minor;
            this.tokenBits = tokenBits;
            this.weightBits = weightBits;
        }

        HostSimulator start() {
            return HostSimulator.start(major, minor, MEMORY_BYTES);
        }

        /// By warpgroups also where tiles are few.
        LowBitGemm gemm(HostSimulator gpu) {
            return new LowBitGemm(gpu.kernels(), Route.WARPGROUPS);
        }

        GemmCase random(int tokens, int outputs, int columns) {
            return GemmCase.random(tokens, outputs, columns, new GemmCase.Bits(tokenBits, weightBits));
        }
    }

    @ParameterizedTest(name = "{0}: {1} x {3} times {2} x {3}")
    @CsvSource({
        // More token tiles than run as a group, 16 of 128 and 8 of 256.
        "S8S4, 2200, 140, 32",
        "HOPPER_S8S4, 2200, 140, 32",
        // On and around the edges of blocks of 16, 128 and 256 tokens, 64 and 128 outputs, 64, 128 and 256 columns.
        "S8S4, 1, 1, 32",
        "S8S4, 16, 64, 256",
        "S8S4, 17, 65, 96",
        "S8S4, 32, 63, 288",
        "S8S4, 33, 127, 64",
        "S8S4, 127, 128, 160",
        "S8S4, 128, 129, 512",
        "S8S4, 129, 200, 1056",
        "S8S8, 1, 3, 32",
        "S8S8, 15, 66, 320",
        "S8S8, 33, 64, 128",
        "S8S8, 130, 130, 416",
        "S4S4, 1, 2, 32",
        "S4S4, 16, 64, 512",
        "S4S4, 31, 70, 544",
        "S4S4, 33, 64, 128",
        "S4S4, 128, 128, 256",
        "S4S4, 131, 190, 1056",
        "BLACKWELL_S8S4, 2, 5, 64",
        "BLACKWELL_S8S4, 140, 132, 192",
        "HOPPER_S8S4, 3, 70, 64",
        "HOPPER_S8S4, 100, 70, 64",
        "HOPPER_S8S4, 129, 1, 32",
        "HOPPER_S8S4, 256, 128, 128",
        "HOPPER_S8S4, 257, 129, 160",
        "HOPPER_S8S4, 520, 200, 640",
        "HOPPER_S8S4, 1300, 64, 256",
        "HOPPER_S8S8, 129, 6, 96",
        "HOPPER_S8S8, 300, 192, 384"
    })
    void sumsAndOutputsEqualTheTwin(Way way, int tokens, int outputs, int columns) {
        GemmCase made = way.random(tokens, outputs, columns);
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            LowBitGemm gemm = way.gemm(gpu);
            GemmTokens x = made.tokensOn(device, way.tokenBits);
            PackedWeights w = made.weightsOn(device);

            assertThat(sums(gemm, device, gpu, x, w)).isEqualTo(made.twin().sums());
            assertThat(outputs(gemm, device, gpu, x, w)).isEqualTo(made.twin().apply(Epilogue.NONE));
        }
    }

    private static int[] sums(LowBitGemm gemm, DeviceArrays device, HostSimulator gpu, GemmTokens x, PackedWeights w) {
        DeviceMemory y = device.empty(4L * x.rows() * w.layout().rows());
        gemm.launch(gpu.context().defaultStream(), x, w, GemmOutput.of(y.span(), DType.I32));
        return device.ints(y);
    }

    private static float[] outputs(
            LowBitGemm gemm, DeviceArrays device, HostSimulator gpu, GemmTokens x, PackedWeights w) {
        DeviceMemory y = device.empty(4L * x.rows() * w.layout().rows());
        gemm.launch(gpu.context().defaultStream(), x, w, GemmOutput.of(y.span(), DType.F32));
        return device.floats(y);
    }

    @ParameterizedTest(name = "{0}: {1} x {2}")
    @CsvSource({
        "S8S4, -128, -8",
        "S8S4, 127, -8",
        "S8S4, -128, 7",
        "S8S8, -128, -128",
        "S8S8, 127, -128",
        "S4S4, -8, -8",
        "S4S4, 7, -8",
        "HOPPER_S8S4, -128, -8",
        "HOPPER_S8S8, -128, -128"
    })
    void theLongestRowsOfExtremeCodesDoNotOverflow(Way way, int x, int w) {
        int columns = 13_824;
        int tokens = way.major == 9 ? 130 : 2;
        GemmCase made = GemmCase.constant(tokens, columns, way.weightBits, x, w);
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            int[] sums = sums(way.gemm(gpu), device, gpu, made.tokensOn(device, way.tokenBits), made.weightsOn(device));

            assertThat(sums).containsOnly(x * w * columns).hasSize(tokens * 3);
        }
    }

    @Test
    void onePackedSetServesTokensOfFourAndOfEightBits() {
        GemmCase four = GemmCase.random(70, 130, 576, new GemmCase.Bits(4, 4));
        try (HostSimulator gpu = Way.S4S4.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            LowBitGemm gemm = new LowBitGemm(gpu.kernels());
            PackedWeights w = four.weightsOn(device);

            assertThat(sums(gemm, device, gpu, four.tokensOn(device, 4), w))
                    .isEqualTo(sums(gemm, device, gpu, four.tokensOn(device, 8), w))
                    .isEqualTo(four.twin().sums());
        }
    }

    @Test
    void bothRoutesOfHopperAgree() {
        GemmCase made = Way.HOPPER_S8S4.random(290, 140, 416);
        try (HostSimulator gpu = Way.HOPPER_S8S4.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            GemmTokens x = made.tokensOn(device, 8);
            PackedWeights w = made.weightsOn(device);
            LowBitGemm best = new LowBitGemm(gpu.kernels());
            LowBitGemm warps = new LowBitGemm(gpu.kernels(), Route.WARPS);

            assertThat(best.choose(w.layout(), 8, 290, false).unit()).isEqualTo("gemm_wgmma");
            assertThat(warps.choose(w.layout(), 8, 290, false).unit()).isEqualTo("gemm_s8s4");
            // Half of the simulated multiprocessors, 4, get a tile of 256 tokens and 128 outputs from two tiles on.
            PackedLayout small = new PackedLayout(128, 64, 4);
            assertThat(best.choose(small, 8, 256, false).unit()).isEqualTo("gemm_s8s4");
            assertThat(best.choose(small, 8, 257, false).unit()).isEqualTo("gemm_wgmma");
            assertThat(Way.HOPPER_S8S4.gemm(gpu).choose(small, 8, 256, false).unit())
                    .isEqualTo("gemm_wgmma");
            assertThat(outputs(best, device, gpu, x, w)).isEqualTo(outputs(warps, device, gpu, x, w));
        }
    }

    @ParameterizedTest(name = "{0}: {1} tokens, groups of {4}")
    @CsvSource({
        "S8S4, 3, 130, 192, 64",
        "S8S4, 65, 70, 640, 128",
        "S8S8, 64, 128, 256, 128",
        "S4S4, 66, 129, 192, 64",
        "S4S4, 5, 64, 384, 128",
        "S4S4, 70, 64, 768, 192",
        "HOPPER_S8S4, 200, 66, 320, 64"
    })
    void scalesByGroupsOfColumnsEqualTheTwin(Way way, int tokens, int outputs, int columns, int group) {
        GemmCase made =
                GemmCase.random(tokens, outputs, columns, group, new GemmCase.Bits(way.tokenBits, way.weightBits));
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            float[] y =
                    outputs(way.gemm(gpu), device, gpu, made.tokensOn(device, way.tokenBits), made.weightsOn(device));

            assertThat(y).isEqualTo(made.twin().apply(Epilogue.NONE));
        }
    }

    @ParameterizedTest(name = "{0} {1}, {2} tokens, {3} outputs")
    @CsvSource({
        "S8S4, NONE, 150, 136",
        "S8S4, NONE, 12, 65",
        "S8S4, GELU_TANH, 36, 64",
        "S4S4, GELU_ERF, 12, 66",
        "HOPPER_S8S4, NONE, 258, 130",
        "HOPPER_S8S4, GELU_TANH, 258, 68",
        // Parts of 64 tokens with one gate and with two.
        "HOPPER_S8S4, NONE, 1200, 132",
        "HOPPER_S8S8, GELU_ERF, 1200, 64"
    })
    void gateAndResidualInPlaceEqualTheTwin(Way way, GemmActivation activation, int tokens, int outputs) {
        GemmCase made = way.random(tokens, outputs, 160);
        int timesteps = 6;
        float[] gate = values(timesteps * outputs);
        float[] residual = values(tokens * outputs);
        Epilogue epilogue = new Epilogue(
                activation,
                (m, n) -> gate[m / (tokens / timesteps) * outputs + n],
                (m, n) -> residual[m * outputs + n]);
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            DeviceMemory y = device.of(residual);
            GemmOutput output = GemmOutput.of(y.span(), DType.F32)
                    .withActivation(activation)
                    .withGate(new GemmOutput.Gate(device.of(gate).span(), timesteps))
                    .withResidual(y.span());

            way.gemm(gpu)
                    .launch(
                            gpu.context().defaultStream(),
                            made.tokensOn(device, way.tokenBits),
                            made.weightsOn(device),
                            output);

            float[] expected = made.twin().apply(epilogue);
            if (activation == GemmActivation.NONE) {
                assertThat(device.floats(y)).isEqualTo(expected);
            } else {
                assertClose(device.floats(y), expected);
            }
        }
    }

    private static void assertClose(float[] actual, float[] expected) {
        for (int i = 0; i < actual.length; i++) {
            double bound = 1e-6 * Math.max(1, Math.abs(expected[i]));
            assertThat((double) actual[i]).as("element " + i).isBetween(expected[i] - bound, expected[i] + bound);
        }
    }

    private static float[] values(int count) {
        Random random = new Random(count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat(-2, 2);
        }
        return values;
    }

    @ParameterizedTest(name = "{0}, {1} tokens, {2} outputs")
    @CsvSource({"S8S4, 140, 132", "S8S4, 9, 67", "S4S4, 64, 70", "HOPPER_S8S4, 200, 134", "HOPPER_S8S4, 200, 136"})
    void bf16OutputIsTheTwinRoundedToNearestEven(Way way, int tokens, int outputs) {
        GemmCase made = way.random(tokens, outputs, 96);
        short[] gate = bf16(values(outputs));
        short[] residual = bf16(values(tokens * outputs));
        Epilogue epilogue = new Epilogue(
                GemmActivation.NONE, (m, n) -> widened(gate[n]), (m, n) -> widened(residual[m * outputs + n]));
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            DeviceMemory y = device.empty(2L * tokens * outputs);
            GemmOutput output = GemmOutput.of(y.span(), DType.BF16)
                    .withGate(new GemmOutput.Gate(device.of(gate).span(), 1))
                    .withResidual(device.of(residual).span());

            way.gemm(gpu)
                    .launch(
                            gpu.context().defaultStream(),
                            made.tokensOn(device, way.tokenBits),
                            made.weightsOn(device),
                            output);

            assertThat(device.shorts(y)).isEqualTo(bf16(made.twin().apply(epilogue)));
        }
    }

    private static float widened(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    private static short[] bf16(float[] values) {
        short[] rounded = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            rounded[i] = (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
        }
        return rounded;
    }

    @ParameterizedTest(name = "{0}, order {1}")
    @CsvSource({"S8S4, 1", "S8S4, 2", "S4S4, 3", "HOPPER_S8S4, 4", "HOPPER_S8S4, 5"})
    void resultsDoNotDependOnTheOrderOfThreads(Way way, int order) {
        GemmCase large = way.random(260, 130, 1152);
        GemmCase narrow = way.random(18, 66, 1152);
        try (HostSimulator gpu = way.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            gpu.threadOrder(order);
            LowBitGemm gemm = way.gemm(gpu);

            for (GemmCase made : new GemmCase[] {large, narrow}) {
                assertThat(outputs(gemm, device, gpu, made.tokensOn(device, way.tokenBits), made.weightsOn(device)))
                        .isEqualTo(made.twin().apply(Epilogue.NONE));
            }
        }
    }

    @Test
    void codesStoredInFourBitsAreRefusedWhereTheChipOnlyEmulatesThem() {
        GemmCase made = GemmCase.random(4, 8, 64, new GemmCase.Bits(4, 4));
        try (HostSimulator gpu = Way.HOPPER_S8S4.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            CudaStream stream = gpu.context().defaultStream();
            GemmTokens x = made.tokensOn(device, 4);
            PackedWeights w = made.weightsOn(device);
            GemmOutput y = GemmOutput.of(device.empty(4L * 4 * 8).span(), DType.F32);

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new LowBitGemm(gpu.kernels()).launch(stream, x, w, y))
                    .withMessageContaining("9.0")
                    .withMessageContaining("store the same codes in bytes");
        }
    }

    @Test
    void buffersThatAreTooSmallAreNamed() {
        GemmCase made = Way.S8S4.random(4, 8, 64);
        try (HostSimulator gpu = Way.S8S4.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            GemmTokens x = made.tokensOn(device, 8);
            PackedWeights w = made.weightsOn(device);
            GemmOutput y = GemmOutput.of(device.empty(124).span(), DType.F32);

            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            new LowBitGemm(gpu.kernels()).launch(gpu.context().defaultStream(), x, w, y))
                    .withMessage("output: 124 bytes, 128 are needed");
        }
    }

    @Test
    void addressesThatVectorLoadsDoNotTakeAreNamed() {
        GemmCase made = Way.S8S4.random(4, 8, 64);
        try (HostSimulator gpu = Way.S8S4.start();
                DeviceArrays device = new DeviceArrays(gpu.context())) {
            LowBitGemm gemm = new LowBitGemm(gpu.kernels());
            CudaStream stream = gpu.context().defaultStream();
            GemmTokens x = made.tokensOn(device, 8);
            PackedWeights w = made.weightsOn(device);
            DeviceSpan odd = device.empty(256).span().slice(8, 128);
            GemmOutput y = GemmOutput.of(device.empty(128).span(), DType.F32);
            PackedWeights shifted = new PackedWeights(
                    w.layout(),
                    device.empty(w.layout().bytes() + 8)
                            .span()
                            .slice(8, w.layout().bytes()),
                    w.step(),
                    w.zero(),
                    w.bias());

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> gemm.launch(stream, x, w, y.withResidual(odd)))
                    .withMessageStartingWith("residual at address")
                    .withMessageEndingWith("a multiple of 16 bytes is needed");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> gemm.launch(stream, x, w, y.withGate(new GemmOutput.Gate(odd, 1))))
                    .withMessageStartingWith("gate at address");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> gemm.launch(stream, x, shifted, y))
                    .withMessageStartingWith("codes of weights at address");
        }
    }

    @Test
    void theTwinsSumsAreThoseOfTheFormula() {
        LowBitGemmTwin.Tokens x = new LowBitGemmTwin.Tokens(1, 2, 2, new byte[] {3, -4}, new float[] {0.5f});
        LowBitGemmTwin.Weights w = new LowBitGemmTwin.Weights(2, new byte[] {5, 6}, new float[] {2}, new int[] {1}, 10);

        // (3 (5 - 1) - 4 (6 - 1)) * 0.5 * 2 + 10
        assertThat(new LowBitGemmTwin(x, w).apply(Epilogue.NONE)).containsExactly(2);
    }
}
