package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Signal to noise of the output of a 4-bit linear on random tokens with known outliers, mean of the decibels of all
/// tokens, beside the methods' reference table.
public final class LinearFormulas {

    static final int CHANNELS = 1536;
    private static final int TOKENS = 1536;
    static final int OUTPUTS = 768;
    private static final int[] BITS = {4, 6, 8};
    private static final WeightPlan BGR = new WeightPlan(new WeightQuantizer.Bgr(), 4);
    private static final ClipRatios THREE_QUARTERS = new ClipRatios(0.75f, 0.75f, 0.75f);

    private final int draws;
    private final DemoBenchmark.Progress progress;
    private final CancellationToken cancellation;
    private final RowTasks tasks;
    private final ParallelPieces pieces;

    /// @param draws of weights and tokens, at least 2
    public LinearFormulas(int draws, DemoBenchmark.Progress progress, CancellationToken cancellation) {
        this.draws = draws;
        this.progress = progress;
        this.cancellation = cancellation;
        this.tasks = RowTasks.parallel(cancellation);
        this.pieces = ParallelPieces.of(cancellation);
    }

    /// What disturbs Gaussian tokens. The reference names the disturbances; their strengths beyond the factor of 20
    /// were chosen so that its figures come out as a whole.
    enum Tokens {
        PLAIN("plain"),
        /// Eight channels twenty times as strong, by a factor `exp(0.3 n)` of the token.
        OUTLIERS("8 outlier channels"),
        /// The same, and four tokens with three of these channels fifteen times as strong again.
        MASSIVE("massive tokens"),
        /// Outlier channels, and 0.3 added to all channels.
        MEAN("DC mean"),
        ALL("all");

        private final String title;

        Tokens(String title) {
            this.title = title;
        }

        ActivationMatrix draw(Random random) {
            float[] x = new float[TOKENS * CHANNELS];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextGaussian();
            }
            if (this == PLAIN) {
                return ActivationMatrix.of(CHANNELS, x);
            }
            int[] strong = random.ints(0, CHANNELS).distinct().limit(8).toArray();
            int[] massive = random.ints(0, TOKENS).distinct().limit(4).toArray();
            for (int i = 0; i < TOKENS; i++) {
                double factor = 20 * Math.exp(0.3 * random.nextGaussian());
                for (int j : strong) {
                    x[i * CHANNELS + j] *= (float) factor;
                }
            }
            for (int i : this == MASSIVE || this == ALL ? massive : new int[0]) {
                for (int k = 0; k < 3; k++) {
                    x[i * CHANNELS + strong[k]] *= 15;
                }
            }
            if (this == MEAN || this == ALL) {
                for (int i = 0; i < x.length; i++) {
                    x[i] += 0.3f;
                }
            }
            return ActivationMatrix.of(CHANNELS, x);
        }
    }

    /// How rows are turned beforehand.
    private enum Turn {
        NONE,
        /// Random signs, Hadamard over the whole width (12 x 128).
        SIGNED,
        /// The same without signs.
        UNSIGNED,
        /// Permuted, random signs, blocks of 512.
        PERMUTED;

        void apply(float[] row) {
            switch (this) {
                case NONE -> {}
                case SIGNED, UNSIGNED -> Rotation.widest(CHANNELS, 1).apply(row);
                case PERMUTED -> Rotation.permuted(CHANNELS, 1).apply(row);
            }
        }

        /// What rows are multiplied with before: signs that the rotation takes back, where none are wanted. Its first
        /// output is the sum of all channels with their signs.
        float[] signs() {
            float[] signs = new float[CHANNELS];
            Rotation rotation = Rotation.widest(CHANNELS, 1);
            for (int j = 0; j < CHANNELS; j++) {
                float[] unit = new float[CHANNELS];
                unit[j] = 1;
                rotation.apply(unit);
                signs[j] = this == UNSIGNED ? Math.signum(unit[0]) : 1;
            }
            return signs;
        }
    }

    /// A line of the table.
    ///
    /// @param references by bits, one figure for each of [Tokens]; bits that the table lacks are not measured
    private record Wanted(
            String name,
            Turn turn,
            WeightPlan weights,
            ActivationQuantizer activations,
            Map<Integer, double[]> references) {}

    private static List<Wanted> wanted() {
        return Stream.of(byToken(), byChannel(), finer()).flatMap(List::stream).toList();
    }

    private static List<Wanted> byToken() {
        WeightPlan minMax = new WeightPlan(new WeightQuantizer.MinMax(), 4);
        ActivationQuantizer token = new ActivationQuantizer.Token(ClipRatios.NONE);
        return List.of(
                new Wanted(
                        "RTN, W MinMax, A asymmetric per token",
                        Turn.NONE,
                        minMax,
                        new ActivationQuantizer.TokenAsymmetric(),
                        three("13.1 6.4 6.5 6.6 6.1", "14.8 12.6 12.3 12.6 12.9", "15.0 14.7 14.8 14.8 14.7")),
                new Wanted(
                        "QuaRot: rotated, W MinMax, A per token",
                        Turn.SIGNED,
                        minMax,
                        token,
                        three("14.1 14.6 14.7 14.9 14.3", "17.5 17.5 17.6 17.8 17.5", "17.7 17.7 17.8 18.0 17.7")),
                new Wanted(
                        "rotated, W BGR, A per token",
                        Turn.SIGNED,
                        BGR,
                        token,
                        three("14.8 15.4 15.5 15.6 14.9", "19.0 19.0 19.1 19.3 18.9", "19.4 19.3 19.4 19.6 19.2")),
                new Wanted(
                        "rotated, W BGR, A clipped at 0.75",
                        Turn.SIGNED,
                        BGR,
                        new ActivationQuantizer.Token(THREE_QUARTERS),
                        three("16.1 16.5 16.6 16.8 16.2", "18.7 18.7 18.8 19.0 18.7", "18.9 18.8 18.9 19.1 18.8")),
                new Wanted(
                        "rotated without signs, W BGR, A per token",
                        Turn.UNSIGNED,
                        BGR,
                        token,
                        three("14.8 15.4 15.7 10.6 8.9", "19.0 19.1 19.2 18.2 17.5", "19.4 19.4 19.5 19.4 19.2")));
    }

    private static List<Wanted> byChannel() {
        return List.of(
                new Wanted(
                        "ARQ literal",
                        Turn.SIGNED,
                        BGR,
                        new ActivationQuantizer.Channel(),
                        three("14.8 12.9 4.6 13.3 4.4", "19.0 18.6 14.1 19.0 13.9", "19.4 19.3 18.8 19.6 18.7")),
                new Wanted(
                        "ARQ channel + token",
                        Turn.SIGNED,
                        BGR,
                        new ActivationQuantizer.ChannelToken(),
                        three("14.9 15.0 10.9 15.2 11.8", "19.0 19.0 18.2 19.3 18.4", "19.4 19.3 19.3 19.6 19.2")),
                new Wanted(
                        "ARQ rms + token",
                        Turn.SIGNED,
                        BGR,
                        new ActivationQuantizer.ChannelToken(Statistic.RMS),
                        three("14.8 15.4 15.7 15.8 15.3", "19.0 19.0 19.1 19.3 19.0", "19.4 19.3 19.4 19.6 19.3")));
    }

    private static List<Wanted> finer() {
        WeightPlan lloydMax = new WeightPlan(new WeightQuantizer.LloydMaxRows(), 4);
        return List.of(
                new Wanted(
                        "ARQ block 64 on both sides",
                        Turn.SIGNED,
                        BGR.with(new Granularity.PerGroup(64)),
                        new ActivationQuantizer.BlockExact(64, ClipRatios.NONE),
                        Map.of(4, figures("17.2 17.5 17.6 17.6 17.3"))),
                block(128, "16.0"),
                block(64, "16.4"),
                block(32, "16.8"),
                new Wanted(
                        "OrbitQuant (Lloyd-Max on both sides)",
                        Turn.PERMUTED,
                        lloydMax,
                        new ActivationQuantizer.Centroids(),
                        Map.of(4, figures("17.2 17.2 17.4 17.5 17.2"))),
                new Wanted(
                        "Lloyd-Max A, W bound",
                        Turn.PERMUTED,
                        BGR,
                        new ActivationQuantizer.Centroids(),
                        Map.of(4, figures("16.8 16.9 16.9 17.0 16.8"))));
    }

    /// Blocks on the activations' side alone; the reference has plain tokens of each size, and a range of the others.
    private static Wanted block(int channels, String plain) {
        return new Wanted(
                "ARQ block " + channels,
                Turn.SIGNED,
                BGR,
                new ActivationQuantizer.BlockExact(channels, ClipRatios.NONE),
                Map.of(4, figures(plain)));
    }

    static Map<Integer, double[]> three(String four, String six, String eight) {
        return Map.of(4, figures(four), 6, figures(six), 8, figures(eight));
    }

    static double[] figures(String text) {
        return Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    /// @param lines told each figure, when all draws are done
    public void run(Consumer<FormulaLine> lines) {
        List<Wanted> wanted = wanted();
        Map<String, List<Double>> measured = new LinkedHashMap<>();
        for (int draw = 0; draw < draws; draw++) {
            Random random = new Random(100L + draw);
            Matrix weights = weights(random);
            List<ActivationMatrix> inputs = new ArrayList<>();
            for (Tokens tokens : Tokens.values()) {
                inputs.add(tokens.draw(random));
            }
            for (int i = 0; i < wanted.size(); i++) {
                progress.report(
                        "draw " + draw + ", " + wanted.get(i).name(), draw * wanted.size() + i, draws * wanted.size());
                measure(wanted.get(i), weights, inputs, measured);
            }
        }
        for (Wanted line : wanted) {
            for (int bits : BITS) {
                double[] references = line.references.getOrDefault(bits, new double[0]);
                for (int k = 0; k < references.length; k++) {
                    String key = key(line.name, bits, Tokens.values()[k]);
                    lines.accept(FormulaLine.ofDecibels(key, references[k], measured.getOrDefault(key, List.of())));
                }
            }
        }
    }

    static String key(String name, int bits, Tokens tokens) {
        return name + ", A" + bits + ", " + tokens.title;
    }

    /// Gaussian, one weight in a thousand five times as large: 15 dB by MinMax, 17.5 by the bound search, as in the
    /// reference.
    static Matrix weights(Random random) {
        float[] values = new float[OUTPUTS * CHANNELS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (random.nextDouble() < 0.001 ? 5 : 1));
        }
        return Matrix.of(OUTPUTS, CHANNELS, values);
    }

    private void measure(
            Wanted line, Matrix weights, List<ActivationMatrix> inputs, Map<String, List<Double>> measured) {
        Matrix turnedWeights = turned(weights, line.turn);
        WeightMatrix source = WeightMatrix.of("w", Tensor.of(Shape.of(OUTPUTS, CHANNELS), turnedWeights.values()));
        QuantizedMatrix quantized = QuantizedMatrix.of(source, line.weights, tasks);
        Matrix rounded = Matrix.zeros(OUTPUTS, CHANNELS);
        float[] row = new float[CHANNELS];
        for (int o = 0; o < OUTPUTS; o++) {
            quantized.dequantizeRow(o, row);
            System.arraycopy(row, 0, rounded.values(), o * CHANNELS, CHANNELS);
        }
        Matrix back = rounded.transposed();
        Matrix exactBack = turnedWeights.transposed();
        for (Tokens tokens : Tokens.values()) {
            cancellation.throwIfCancelled();
            ActivationMatrix plain = inputs.get(tokens.ordinal());
            Matrix x = turned(matrix(plain), line.turn);
            Matrix exact = x.times(exactBack, pieces);
            ActivationMatrix met = ActivationMatrix.of(CHANNELS, x.values());
            for (int bits : line.references.keySet()) {
                QuantizedActivation codes = QuantizedActivation.of(met, line.activations, bits);
                Matrix y = values(codes).times(back, pieces);
                measured.computeIfAbsent(key(line.name, bits, tokens), missing -> new ArrayList<>())
                        .add(decibels(exact, y));
            }
        }
    }

    /// Mean over the tokens of the signal to noise of each.
    static double decibels(Matrix exact, Matrix y) {
        double sum = 0;
        for (int i = 0; i < TOKENS; i++) {
            double signal = 0;
            double noise = 0;
            for (int o = 0; o < OUTPUTS; o++) {
                double value = exact.at(i, o);
                double error = value - y.at(i, o);
                signal += value * value;
                noise += error * error;
            }
            sum += 10 * Math.log10(signal / noise);
        }
        return sum / TOKENS;
    }

    private Matrix turned(Matrix matrix, Turn turn) {
        Matrix result = matrix.copy();
        float[] signs = turn.signs();
        pieces.<ParallelPieces.Memory>run(matrix.rows(), () -> () -> {}, (i, none) -> {
            float[] row = new float[CHANNELS];
            result.readRow(i, row);
            for (int j = 0; j < CHANNELS; j++) {
                row[j] *= signs[j];
            }
            turn.apply(row);
            System.arraycopy(row, 0, result.values(), i * CHANNELS, CHANNELS);
        });
        return result;
    }

    static Matrix matrix(ActivationMatrix x) {
        float[] values = new float[x.tokens() * x.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.at(i / x.channels(), i % x.channels());
        }
        return Matrix.of(x.tokens(), x.channels(), values);
    }

    static Matrix values(QuantizedActivation codes) {
        float[] values = new float[codes.tokens() * codes.channels()];
        for (int i = 0; i < values.length; i++) {
            values[i] = codes.value(i / codes.channels(), i % codes.channels());
        }
        return Matrix.of(codes.tokens(), codes.channels(), values);
    }
}
