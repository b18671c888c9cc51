package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.quant.SyntheticData.Activation;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Output SQNR of a W4 linear on seeded activations with known outlier structures; prints the table and checks the
/// ranking of the methods.
class ActivationFiguresTest {

    private static final int TOKENS = 128;
    private static final int CHANNELS = 1536;
    private static final int OUTPUTS = 192;
    private static final RowTasks TASKS = RowTasks.parallel(CancellationToken.NONE);

    private static final String RTN = "MinMax W, asymmetric per token";
    private static final String QUAROT = "rotated, MinMax W, per token";
    private static final String TOKEN = "rotated, BGR W, per token";
    private static final String CLIPPED = "rotated, BGR W, per token, clipped";
    private static final String NO_SIGNS = "rotated without signs, BGR W, per token";
    private static final String CHANNEL = "ARQ channel (literal)";
    private static final String CHANNEL_TOKEN = "ARQ channel + token";
    private static final String RMS_TOKEN = "ARQ channel rms + token";
    private static final String BLOCK = "ARQ block 64 (integer multipliers)";
    private static final String BLOCK_UNCLIPPED = "ARQ block 64, not clipped";
    private static final String BLOCK_128 = "ARQ block 128";
    private static final String BLOCK_32 = "ARQ block 32";
    private static final String EXACT = "ARQ block 64 (exact scales)";
    private static final String SPLIT = "rotated without signs, BGR W, per token, mean split";
    private static final String REGULAR = "regular Hadamard (ConvRot), BGR W, per token";
    private static final String PERMUTED = "permuted blocks (RPBH), BGR W, per token";
    private static final String CENTROIDS = "RPBH, BGR W, centroids";
    private static final String RNS = "ARQ row-normalised (RNS)";

    private static final Map<Integer, Map<String, Map<Activation, Double>>> TABLE = new LinkedHashMap<>();
    private static final Map<Activation, double[][]> EXACT_OUTPUTS = new EnumMap<>(Activation.class);

    /// How a tensor is turned before it is quantized.
    private interface Turn {
        void apply(float[] row);
    }

    private static final Turn STILL = row -> {};
    private static final Turn SIGNED = Rotation.of(CHANNELS, 256, 1)::apply;
    private static final Turn RANDOM_ORDER = Rotation.permuted(CHANNELS, 1)::apply;
    private static final Turn REGULAR_HADAMARD = Rotation.regular(CHANNELS, 256)::apply;
    private static final Turn PLAIN_HADAMARD = ActivationFiguresTest::plainHadamard;

    private static QuantizedMatrix quantized(Turn turn, WeightQuantizer quantizer) {
        float[] values = allTurned(SyntheticData.weights(OUTPUTS, CHANNELS, 31), turn);
        WeightMatrix turned = WeightMatrix.of("w", Tensor.of(Shape.of(OUTPUTS, CHANNELS), values));
        return QuantizedMatrix.of(turned, quantizer, 4, TASKS);
    }

    private static float[] allTurned(float[] values, Turn turn) {
        float[] result = new float[values.length];
        for (int from = 0; from < values.length; from += CHANNELS) {
            float[] row = Arrays.copyOfRange(values, from, from + CHANNELS);
            turn.apply(row);
            System.arraycopy(row, 0, result, from, CHANNELS);
        }
        return result;
    }

    private static void plainHadamard(float[] row) {
        for (int start = 0; start < CHANNELS; start += 256) {
            for (int half = 1; half < 256; half *= 2) {
                for (int i = start; i < start + 256; i++) {
                    if ((i & half) == 0) {
                        float a = row[i];
                        row[i] = a + row[i + half];
                        row[i + half] = a - row[i + half];
                    }
                }
            }
            for (int i = start; i < start + 256; i++) {
                row[i] /= 16;
            }
        }
    }

    private static ActivationMatrix activation(Activation kind, Turn turn) {
        ActivationMatrix x = SyntheticData.activation(kind, TOKENS, CHANNELS, 77);
        float[] values = new float[TOKENS * CHANNELS];
        for (int i = 0; i < TOKENS; i++) {
            System.arraycopy(x.token(i), 0, values, i * CHANNELS, CHANNELS);
        }
        return ActivationMatrix.of(CHANNELS, allTurned(values, turn));
    }

    /// Outputs without any rounding, `[outputs, tokens]`; no rotation changes them.
    private static double[][] exact(Activation kind) {
        return EXACT_OUTPUTS.computeIfAbsent(kind, k -> {
            float[] weights = SyntheticData.weights(OUTPUTS, CHANNELS, 31);
            return outputs(activation(k, STILL), o -> Arrays.copyOfRange(weights, o * CHANNELS, (o + 1) * CHANNELS));
        });
    }

    private static double sqnr(double[][] exact, QuantizedMatrix weight, ActivationMatrix rounded) {
        double[][] actual = outputs(rounded, o -> {
            float[] row = new float[CHANNELS];
            weight.dequantizeRow(o, row);
            return row;
        });
        double signal = 0;
        double noise = 0;
        for (int o = 0; o < OUTPUTS; o++) {
            for (int i = 0; i < TOKENS; i++) {
                signal += exact[o][i] * exact[o][i];
                noise += Math.pow(exact[o][i] - actual[o][i], 2);
            }
        }
        return 10 * Math.log10(signal / noise);
    }

    private static double[][] outputs(ActivationMatrix x, IntFunction<float[]> rows) {
        double[][] outputs = new double[OUTPUTS][TOKENS];
        TASKS.run(OUTPUTS, (from, to) -> {
            for (int o = from; o < to; o++) {
                float[] row = rows.apply(o);
                for (int i = 0; i < TOKENS; i++) {
                    outputs[o][i] = x.dot(i, row);
                }
            }
        });
        return outputs;
    }

    /// As [#measure], the mean of each token going past the quantization.
    private static void measureSplit(String name, Turn turn, WeightQuantizer weights, ActivationQuantizer activations) {
        QuantizedMatrix weight = quantized(turn, weights);
        float[] sums = WeightMatrix.of(
                        "w", Tensor.of(Shape.of(OUTPUTS, CHANNELS), SyntheticData.weights(OUTPUTS, CHANNELS, 31)))
                .rowSums(TASKS);
        for (Activation kind : Activation.values()) {
            ActivationMatrix x = SyntheticData.activation(kind, TOKENS, CHANNELS, 77);
            double[][] rest = new double[OUTPUTS][TOKENS];
            for (int o = 0; o < OUTPUTS; o++) {
                for (int i = 0; i < TOKENS; i++) {
                    rest[o][i] = exact(kind)[o][i] - x.means().at(i, 0) * sums[o];
                }
            }
            ActivationMatrix centred = x.centred();
            float[] values = new float[TOKENS * CHANNELS];
            for (int i = 0; i < TOKENS; i++) {
                System.arraycopy(centred.token(i), 0, values, i * CHANNELS, CHANNELS);
            }
            ActivationMatrix turned = ActivationMatrix.of(CHANNELS, allTurned(values, turn));
            double share = 10 * Math.log10(energy(exact(kind)) / energy(rest));
            for (int bits : new int[] {4, 6, 8}) {
                put(bits, name, kind, share + sqnr(rest, weight, LayerSqnr.rounded(turned, activations, bits)));
            }
        }
    }

    private static double energy(double[][] outputs) {
        return Arrays.stream(outputs)
                .flatMapToDouble(Arrays::stream)
                .map(y -> y * y)
                .sum();
    }

    private static void put(int bits, String name, Activation kind, double decibels) {
        TABLE.computeIfAbsent(bits, b -> new LinkedHashMap<>())
                .computeIfAbsent(name, n -> new EnumMap<>(Activation.class))
                .put(kind, decibels);
    }

    private static void measure(String name, Turn turn, WeightQuantizer weights, ActivationQuantizer activations) {
        QuantizedMatrix weight = quantized(turn, weights);
        for (Activation kind : Activation.values()) {
            ActivationMatrix x = activation(kind, turn);
            for (int bits : new int[] {4, 6, 8}) {
                ActivationMatrix rounded = LayerSqnr.rounded(x, activations, bits);
                double both = sqnr(exact(kind), weight, rounded);
                put(bits, name, kind, both);
            }
        }
    }

    @BeforeAll
    static void fillTheTable() {
        WeightQuantizer bgr = new WeightQuantizer.Bgr();
        WeightQuantizer minMax = new WeightQuantizer.MinMax();
        ActivationQuantizer unclipped = new ActivationQuantizer.Token(ClipRatios.NONE);
        measure(RTN, STILL, minMax, new ActivationQuantizer.TokenAsymmetric());
        measure(QUAROT, SIGNED, minMax, unclipped);
        measure(TOKEN, SIGNED, bgr, unclipped);
        measure(CLIPPED, SIGNED, bgr, new ActivationQuantizer.Token());
        measure(NO_SIGNS, PLAIN_HADAMARD, bgr, unclipped);
        measure(CHANNEL, SIGNED, bgr, new ActivationQuantizer.Channel());
        measure(CHANNEL_TOKEN, SIGNED, bgr, new ActivationQuantizer.ChannelToken());
        measure(RMS_TOKEN, SIGNED, bgr, new ActivationQuantizer.ChannelToken(Statistic.RMS));
        measure(BLOCK_128, SIGNED, bgr, new ActivationQuantizer.Block(128));
        measure(BLOCK_UNCLIPPED, SIGNED, bgr, new ActivationQuantizer.Block(64, ClipRatios.NONE));
        measure(BLOCK, SIGNED, bgr, new ActivationQuantizer.Block(64));
        measure(EXACT, SIGNED, bgr, new ActivationQuantizer.BlockExact(64));
        measure(BLOCK_32, SIGNED, bgr, new ActivationQuantizer.Block(32));
        measure(RNS, SIGNED, bgr, new ActivationQuantizer.RowNormalized());
        measureSplit(SPLIT, PLAIN_HADAMARD, bgr, unclipped);
        measure(REGULAR, REGULAR_HADAMARD, bgr, unclipped);
        measure(PERMUTED, RANDOM_ORDER, bgr, unclipped);
        measure(CENTROIDS, RANDOM_ORDER, bgr, new ActivationQuantizer.Centroids());
        print();
    }

    private static void print() {
        System.out.println("Output SQNR in dB, W4, " + TOKENS + "x" + CHANNELS + "->" + OUTPUTS + ", rotation blocks of"
                + " 256; plain / 8 channels x20 / and massive tokens / and offset / all");
        System.out.println("| method | A4 | A6 | A8 |\n|---|---|---|---|");
        for (String name : row(4).keySet()) {
            String cells = TABLE.values().stream()
                    .map(table -> Objects.requireNonNull(table.get(name)).values().stream()
                            .map(value -> String.format(Locale.ROOT, "%.1f", value))
                            .collect(Collectors.joining("/")))
                    .collect(Collectors.joining(" | "));
            System.out.println("| " + name + " | " + cells + " |");
        }
    }

    private static Map<String, Map<Activation, Double>> row(int bits) {
        return Objects.requireNonNull(TABLE.get(bits));
    }

    private static double db(int bits, String name, Activation kind) {
        return Objects.requireNonNull(
                Objects.requireNonNull(row(bits).get(name)).get(kind));
    }

    @Test
    void atFourBitsEachPartOfTheMethodHelps() {
        for (Activation kind : Activation.values()) {
            assertThat(db(4, QUAROT, kind)).as("rotation, %s", kind).isGreaterThan(db(4, RTN, kind) + 0.5);
            assertThat(db(4, TOKEN, kind)).as("BGR, %s", kind).isGreaterThan(db(4, QUAROT, kind) + 0.3);
            if (kind != Activation.MASSIVE_TOKENS && kind != Activation.ALL) {
                assertThat(db(4, CLIPPED, kind)).as("clipping, %s", kind).isGreaterThan(db(4, TOKEN, kind) + 0.5);
            }
            assertThat(db(4, BLOCK, kind)).as("blocks, %s", kind).isGreaterThan(db(4, TOKEN, kind) + 1);
            assertThat(db(4, BLOCK, kind)).as("blocks, %s", kind).isGreaterThan(db(4, CLIPPED, kind) - 0.1);
            assertThat(db(4, BLOCK_32, kind)).isGreaterThan(db(4, BLOCK, kind));
            assertThat(db(4, BLOCK, kind)).isGreaterThan(db(4, BLOCK_128, kind));
        }
        assertThat(db(4, RTN, Activation.OUTLIER_CHANNELS)).isLessThan(db(4, QUAROT, Activation.OUTLIER_CHANNELS) - 5);
    }

    @Test
    void integerMultipliersCostLittleAgainstExactBlockScales() {
        for (Activation kind : Activation.values()) {
            for (int bits : new int[] {4, 6, 8}) {
                assertThat(db(bits, BLOCK, kind))
                        .as("%s at %s bits", kind, bits)
                        .isGreaterThan(db(bits, EXACT, kind) - 0.15);
            }
        }
    }

    @Test
    void withoutSignsAnOffsetRuinsFourBits() {
        assertThat(db(4, NO_SIGNS, Activation.PLAIN)).isGreaterThan(db(4, TOKEN, Activation.PLAIN) - 0.3);
        assertThat(db(4, NO_SIGNS, Activation.OFFSET)).isLessThan(db(4, TOKEN, Activation.OFFSET) - 2);
        assertThat(db(4, NO_SIGNS, Activation.ALL)).isLessThan(db(4, TOKEN, Activation.ALL) - 2);
    }

    @Test
    void theMeanSplitOrARegularMatrixRepairsWhatMissingSignsRuin() {
        for (Activation kind : new Activation[] {Activation.OFFSET, Activation.ALL}) {
            assertThat(db(4, SPLIT, kind)).isGreaterThan(db(4, NO_SIGNS, kind) + 3);
            assertThat(db(4, SPLIT, kind)).isGreaterThan(db(4, TOKEN, kind) - 0.5);
            assertThat(db(4, REGULAR, kind)).isGreaterThan(db(4, NO_SIGNS, kind) + 2);
        }
        assertThat(db(4, REGULAR, Activation.PLAIN)).isGreaterThan(db(4, TOKEN, Activation.PLAIN) - 0.3);
    }

    @Test
    void centroidsBeatEveryScaleOfATokenAtFourBits() {
        for (Activation kind : Activation.values()) {
            assertThat(db(4, CENTROIDS, kind)).as("%s", kind).isGreaterThan(db(4, PERMUTED, kind) + 0.7);
            assertThat(db(4, CENTROIDS, kind)).as("%s", kind).isGreaterThan(db(4, CLIPPED, kind) + 0.3);
            assertThat(db(8, CENTROIDS, kind)).as("%s", kind).isGreaterThan(db(8, PERMUTED, kind) - 0.3);
        }
        // The published table has 16.8 for plain tokens.
        assertThat(db(4, CENTROIDS, Activation.PLAIN)).isBetween(16.5, 17.1);
    }

    @Test
    void massiveTokensBreakTheLiteralChannelScales() {
        for (Activation kind : new Activation[] {Activation.MASSIVE_TOKENS, Activation.ALL}) {
            assertThat(db(4, CHANNEL, kind)).isLessThan(Math.min(db(4, CHANNEL_TOKEN, kind), db(4, TOKEN, kind) - 2));
            assertThat(db(4, CHANNEL_TOKEN, kind)).isLessThan(db(4, RMS_TOKEN, kind) - 1);
            assertThat(db(4, RMS_TOKEN, kind)).isGreaterThan(db(4, TOKEN, kind) - 0.5);
            assertThat(db(6, CHANNEL, kind)).isLessThan(db(6, TOKEN, kind) - 0.3);
        }
        assertThat(db(4, CHANNEL, Activation.PLAIN)).isGreaterThan(db(4, TOKEN, Activation.PLAIN) - 0.5);
    }

    @Test
    void atEightBitsAllRotatedDynamicFormsAreAlike() {
        for (Activation kind : Activation.values()) {
            for (String name : new String[] {CHANNEL_TOKEN, RMS_TOKEN, BLOCK, EXACT, RNS, NO_SIGNS}) {
                assertThat(db(8, name, kind)).as("%s, %s", name, kind).isGreaterThan(db(8, TOKEN, kind) - 0.5);
            }
            assertThat(db(8, TOKEN, kind)).isGreaterThan(db(8, RTN, kind) + 2);
        }
    }
}
