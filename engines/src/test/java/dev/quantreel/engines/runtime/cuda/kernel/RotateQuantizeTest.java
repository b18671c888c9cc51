package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.simulator.DeviceArrays;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.cuda.twin.QuantizedRows;
import dev.quantreel.engines.runtime.cuda.twin.RotateQuantizeTwin;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernel's own source on the host simulator beside its Java twin, code by code.
class RotateQuantizeTest {

    private static final long SEED = 11;

    private HostSimulator gpu;
    private DeviceArrays arrays;

    @BeforeEach
    void start() {
        gpu = HostSimulator.start();
        arrays = new DeviceArrays(gpu.context());
    }

    @AfterEach
    void stop() {
        arrays.close();
        gpu.close();
    }

    /// What came back from the GPU.
    private record Result(List<Byte> codes, List<Float> scales, List<Integer> sums) {}

    /// One case: rows through a producer, a rotation and a quantizer.
    private record Setup(Optional<Rotation> rotation, ActivationQuantizer quantizer, int bits, RowProducer producer) {
        Setup(int width, int block, ActivationQuantizer quantizer, int bits) {
            this(Optional.of(Rotation.of(width, block, SEED)), quantizer, bits, new RowProducer.None());
        }
    }

    private QuantizedRows twin(Setup setup, ActivationMatrix x, UnaryOperator<float[]> producer) {
        return new RotateQuantizeTwin(setup.rotation, setup.quantizer, setup.bits).apply(x, producer);
    }

    private Result run(Setup setup, ActivationMatrix x, DType type) {
        int width = x.channels();
        CodeFormat format = CodeFormat.of(setup.quantizer, width, setup.bits);
        DeviceMemory values = type == DType.F32 ? arrays.of(floats(x)) : arrays.of(halves(x));
        DeviceMemory codes = arrays.empty((long) x.tokens() * format.rowBytes(width));
        DeviceMemory scales = arrays.empty((long) x.tokens() * format.scalesPerRow(width) * Float.BYTES);
        DeviceMemory sums = arrays.empty((long) x.tokens() * Integer.BYTES);
        Optional<DeviceRotation> rotation =
                setup.rotation.map(r -> DeviceRotation.upload(gpu.context().defaultStream(), r));
        new RotateQuantize(gpu.kernels())
                .launch(
                        gpu.context().defaultStream(),
                        new RotateQuantize.Rows(values.span(), type, x.tokens(), width),
                        setup.producer,
                        rotation,
                        new RotateQuantize.Step(
                                format,
                                new RotateQuantize.Output(codes.span(), scales.span(), Optional.of(sums.span()))));
        Result result = new Result(boxed(arrays.bytes(codes)), boxed(arrays.floats(scales)), boxed(arrays.ints(sums)));
        rotation.ifPresent(DeviceRotation::close);
        return result;
    }

    private static List<Byte> boxed(byte[] values) {
        List<Byte> list = new ArrayList<>();
        for (byte value : values) {
            list.add(value);
        }
        return list;
    }

    private static List<Float> boxed(float[] values) {
        List<Float> list = new ArrayList<>();
        for (float value : values) {
            list.add(value);
        }
        return list;
    }

    private static List<Integer> boxed(int[] values) {
        List<Integer> list = new ArrayList<>();
        for (int value : values) {
            list.add(value);
        }
        return list;
    }

    private void assertExact(Setup setup, ActivationMatrix x, DType type, UnaryOperator<float[]> producer) {
        QuantizedRows expected = twin(setup, x, producer);
        Result result = run(setup, x, type);
        boolean packed =
                CodeFormat.of(setup.quantizer, x.channels(), setup.bits).packed();

        assertThat(result.codes).isEqualTo(boxed(packed ? expected.nibbles() : expected.codes()));
        assertThat(result.scales).isEqualTo(boxed(expected.scales()));
        assertThat(result.sums).isEqualTo(boxed(expected.sums()));
    }

    private static float[] floats(ActivationMatrix x) {
        float[] values = new float[x.tokens() * x.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.at(i / x.channels(), i % x.channels());
        }
        return values;
    }

    private static short[] halves(ActivationMatrix x) {
        float[] values = floats(x);
        short[] halves = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            halves[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        }
        return halves;
    }

    /// Gaussian rows of different sizes with a few large channels, in values that bf16 holds exactly.
    private static ActivationMatrix rows(int rows, int width, long seed) {
        Random random = new Random(seed);
        float[] values = new float[rows * width];
        for (int i = 0; i < values.length; i++) {
            float size = i % width % 97 == 5 ? 20 : 1 + i / width;
            float value = (float) random.nextGaussian() * size;
            values[i] = Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000);
        }
        return ActivationMatrix.of(width, values);
    }

    static List<Setup> setups() {
        List<Setup> setups = new ArrayList<>();
        ActivationQuantizer token = new ActivationQuantizer.Token();
        ActivationQuantizer block = new ActivationQuantizer.Block(64);
        for (int width : new int[] {16, 32, 128, 1152, 1536, 2048, 3072, 5120, 8960, 12288, 13824, 15360}) {
            setups.add(new Setup(width, 128, width % 3 == 0 ? token : new ActivationQuantizer.RowNormalized(), 8));
            setups.add(new Setup(width, 256, token, 4));
            if (width >= 64) {
                setups.add(new Setup(width, 64, block, 4));
            }
        }
        for (int bits : new int[] {2, 3, 4, 5, 6, 7, 8}) {
            setups.add(new Setup(1536, 512, token, bits));
            setups.add(new Setup(1536, 16, new ActivationQuantizer.BlockExact(128), bits));
            setups.add(new Setup(1536, 2, new ActivationQuantizer.Block(32), bits));
            setups.add(new Setup(1536, 128, new ActivationQuantizer.Auto(), bits));
            setups.add(new Setup(1536, 32, new ActivationQuantizer.Token(new ClipRatios(.5f, .7f, .9f)), bits));
        }
        setups.addAll(List.of(new Setup(8192, 8192, token, 8), new Setup(12288, 4096, token, 8)));
        setups.add(new Setup(3072, 1024, token, 4));
        setups.add(new Setup(Optional.of(Rotation.permuted(5120, SEED)), block, 6, new RowProducer.None()));
        setups.add(new Setup(Optional.of(Rotation.permuted(96, SEED)), token, 8, new RowProducer.None()));
        setups.add(new Setup(Optional.empty(), token, 8, new RowProducer.None()));
        return setups;
    }

    private static int widthOf(Setup setup) {
        return setup.rotation.map(Rotation::width).orElse(1536);
    }

    @ParameterizedTest
    @MethodSource("setups")
    void codesScalesAndSumsAreThoseOfTheTwin(Setup setup) {
        ActivationMatrix x = rows(5, widthOf(setup), 3);

        assertExact(setup, x, DType.F32, UnaryOperator.identity());
        assertExact(setup, x, DType.BF16, UnaryOperator.identity());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anyOrderOfThreadsGivesTheSame(int seed) {
        gpu.threadOrder(seed);

        assertExact(
                new Setup(
                        Optional.of(Rotation.permuted(3072, SEED)),
                        new ActivationQuantizer.RowNormalized(),
                        8,
                        norm(true, 3072, 1)),
                rows(3, 3072, seed),
                DType.F32,
                RotateQuantizeTwin.layerNorm(vector(3072, 1), vector(3072, 2), 1, 1e-6f));
    }

    @ParameterizedTest
    @CsvSource({
        "zeros, 0",
        "one channel, 300",
        "denormal, 1e-44",
        "smallest normal, 1.2e-38",
        "huge, 1e37",
        "infinite, Infinity",
        "not a number, NaN"
    })
    void extremeRowsAreQuantizedAsTheSpecificationSays(String what, float extreme) {
        int width = 128;
        float[] values = floats(rows(3, width, 5));
        for (int i = 0; i < width; i++) {
            values[width + i] = i == 7 || what.equals("denormal") || what.equals("huge") ? extreme : 0;
        }
        ActivationMatrix x = ActivationMatrix.of(width, values);
        for (int bits : new int[] {4, 8}) {
            for (ActivationQuantizer quantizer : List.of(
                    new ActivationQuantizer.Token(),
                    new ActivationQuantizer.Block(32),
                    new ActivationQuantizer.BlockExact(32),
                    new ActivationQuantizer.RowNormalized())) {
                for (int block : new int[] {2, 128}) {
                    assertExact(new Setup(width, block, quantizer, bits), x, DType.F32, UnaryOperator.identity());
                }
                assertExact(
                        new Setup(Optional.empty(), quantizer, bits, new RowProducer.None()),
                        x,
                        DType.F32,
                        UnaryOperator.identity());
            }
        }
    }

    /// Quotients at and beside the places where rounding changes: the kernel divides by a reciprocal and a correction.
    @Test
    void divisionIsRoundedAsIeeeSaysBesideEveryBoundary() {
        int width = 1024;
        Random random = new Random(9);
        for (int round = 0; round < 40; round++) {
            float[] values = new float[4 * width];
            for (int row = 0; row < 4; row++) {
                float largest = (float) Math.exp(160 * random.nextDouble() - 80);
                float scale = largest / 127;
                for (int i = 0; i < width; i++) {
                    float value = (random.nextInt(255) - 127 + 0.5f) * scale;
                    value = Math.clamp(value, -largest, largest);
                    values[row * width + i] = Float.intBitsToFloat(
                            Float.floatToRawIntBits(value) + (value == 0 ? 0 : random.nextInt(5) - 2));
                }
                values[row * width + random.nextInt(width)] = 2 * largest;
            }
            ActivationQuantizer quantizer = new ActivationQuantizer.Token(new ClipRatios(0.5f, 0.5f, 0.5f));

            assertExact(
                    new Setup(Optional.empty(), quantizer, 8, new RowProducer.None()),
                    ActivationMatrix.of(width, values),
                    DType.F32,
                    UnaryOperator.identity());
        }
    }

    private static float[] vector(int width, long seed) {
        Random random = new Random(seed);
        float[] values = new float[width];
        for (int i = 0; i < width; i++) {
            values[i] = (float) random.nextGaussian() / 2;
        }
        return values;
    }

    private RowProducer norm(boolean centred, int width, float gainOffset) {
        return new RowProducer.Norm(
                centred,
                Optional.of(arrays.of(vector(width, 1)).span()),
                Optional.of(arrays.of(vector(width, 2)).span()),
                gainOffset,
                1e-6f,
                100);
    }

    @ParameterizedTest
    @CsvSource({"true, 96, 0", "true, 1536, 1", "true, 13824, 0", "false, 96, 0", "false, 2048, 1", "false, 13824, 1"})
    void aFusedNormIsExactToo(boolean centred, int width, float offset) {
        UnaryOperator<float[]> producer = centred
                ? RotateQuantizeTwin.layerNorm(vector(width, 1), vector(width, 2), offset, 1e-6f)
                : RotateQuantizeTwin.rmsNorm(vector(width, 1), vector(width, 2), offset, 1e-6f);
        ActivationQuantizer quantizer = new ActivationQuantizer.Token();
        for (int bits : new int[] {4, 8}) {
            Setup setup =
                    new Setup(Optional.of(Rotation.of(width, 32, SEED)), quantizer, bits, norm(centred, width, offset));
            assertExact(setup, rows(3, width, 4), bits == 4 ? DType.BF16 : DType.F32, producer);
        }
    }

    @Test
    void everyGroupOfRowsHasItsOwnModulation() {
        int width = 64;
        float[] gains = vector(2 * width, 1);
        float[] shifts = vector(2 * width, 2);
        RowProducer producer = RowProducer.Norm.modulated(
                arrays.of(gains).span(), arrays.of(shifts).span(), 1e-6f, 3);
        ActivationMatrix x = rows(6, width, 8);
        Setup setup =
                new Setup(Optional.of(Rotation.of(width, 64, SEED)), new ActivationQuantizer.Token(), 8, producer);

        Result result = run(setup, x, DType.F32);

        for (int group = 0; group < 2; group++) {
            float[] part = java.util.Arrays.copyOfRange(floats(x), group * 3 * width, (group + 1) * 3 * width);
            QuantizedRows expected = twin(
                    setup,
                    ActivationMatrix.of(width, part),
                    RotateQuantizeTwin.layerNorm(
                            java.util.Arrays.copyOfRange(gains, group * width, (group + 1) * width),
                            java.util.Arrays.copyOfRange(shifts, group * width, (group + 1) * width),
                            1,
                            1e-6f));
            assertThat(result.codes.subList(group * 3 * width, (group + 1) * 3 * width))
                    .isEqualTo(boxed(expected.codes()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 8960})
    void aFusedGeluAgreesToTheLastBitsOfItsExponential(int width) {
        ActivationMatrix x = rows(4, width, 6);
        Setup setup = new Setup(
                Optional.of(Rotation.of(width, 128, SEED)), new ActivationQuantizer.Token(), 8, new RowProducer.Gelu());

        Result result = run(setup, x, DType.BF16);
        QuantizedRows expected = twin(setup, x, RotateQuantizeTwin::gelu);

        int different = 0;
        for (int i = 0; i < result.codes.size(); i++) {
            assertThat(result.codes.get(i).intValue()).isCloseTo(expected.codes()[i], within(1));
            different += result.codes.get(i) == expected.codes()[i] ? 0 : 1;
        }
        assertThat(different).isLessThanOrEqualTo(result.codes.size() / 1000);
        for (int i = 0; i < 4; i++) {
            assertThat(result.scales.get(i)).isCloseTo(expected.scales()[i], within(1e-6f * expected.scales()[i]));
        }
    }

    @Test
    void geluIsTheTanhForm() {
        float[] x = vector(1000, 3);
        float[] y = RotateQuantizeTwin.gelu(x);
        for (int i = 0; i < x.length; i++) {
            double u = Math.sqrt(2 / Math.PI) * (x[i] + 0.044715 * Math.pow(x[i], 3));
            assertThat((double) y[i]).isCloseTo(0.5 * x[i] * (1 + Math.tanh(u)), within(3e-7));
        }
    }

    @Test
    void theTwinsRowNormalisedScaleIsThatOfTheQuantizer() {
        ActivationMatrix x = rows(4, 5120, 1);
        ActivationQuantizer quantizer = new ActivationQuantizer.RowNormalized();
        QuantizedActivation reference = QuantizedActivation.of(x, quantizer, 8);

        float[] scales = new RotateQuantizeTwin(Optional.empty(), quantizer, 8)
                .apply(x, UnaryOperator.identity())
                .scales();

        for (int i = 0; i < 4; i++) {
            assertThat(scales[i]).isCloseTo(reference.scale(i, 0), within(1e-5f * scales[i]));
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RowGeometry.of(40))
                .withMessageContaining("rows of 40 channels; multiples of 16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CodeFormat.of(new ActivationQuantizer.TokenAsymmetric(), 128, 8))
                .withMessageContaining("TokenAsymmetric");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeviceRotation.upload(gpu.context().defaultStream(), Rotation.regular(256, 256)))
                .withMessageContaining("has no kernel");
        DeviceMemory small = arrays.empty(64);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RotateQuantize.Rows(small.span(), DType.F32, 2, 16))
                .withMessageContaining("values has 64 bytes");
        RowProducer producer = RowProducer.Norm.modulated(
                arrays.empty(128).span().slice(4, 64), arrays.empty(64).span(), 1e-6f, 1);
        Setup setup = new Setup(Optional.empty(), new ActivationQuantizer.Token(), 8, producer);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(setup, rows(1, 16, 1), DType.F32))
                .withMessageContaining("gain has 64 bytes")
                .withMessageContaining("from a multiple of 16 on");
    }
}
