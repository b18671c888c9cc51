package dev.quantreel.benchmarks;

import dev.quantreel.engines.algebra.LowRank;
import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.algebra.TriangularFactor;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.quant.LayerQuantizer;
import dev.quantreel.engines.quant.PackedMatrix;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/// What methods with statistics cost one linear of real width: CPU-seconds of its parts, and of the whole recipe
/// `self-calibrated-w4` without and with its branch; beside it the error of the output under the statistics. Weights
/// and activations are random with loud channels, so the errors show that the method works and nothing of a model.
public final class CalibratedTable {

    private static final int TOKENS = 1024;
    private static final int RANK = 32;
    private static final String LAYER = "linear";

    private CalibratedTable() {}

    /// @param args `outputs`x`inputs`, any number of them; default 1536x1536 8960x1536 1536x8960
    public static void main(String[] args) {
        String[] sizes = args.length > 0 ? args : new String[] {"1536x1536", "8960x1536", "1536x8960"};
        ParallelPieces pieces = ParallelPieces.of(CancellationToken.NONE);
        for (int turn = 0; turn < 2; turn++) { // the first compiles
            for (String size : sizes) {
                String[] sides = size.split("x", 2);
                row(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), turn > 0, pieces);
            }
        }
    }

    private static void row(int outputs, int inputs, boolean printed, ParallelPieces pieces) {
        Matrix tokens = tokens(inputs);
        Matrix gram = Matrix.zeros(inputs, inputs);
        double gathered = seconds(() -> {
            gram.addGram(tokens, pieces);
            gram.mirror();
        });
        Matrix damped = gram.copy();
        for (int i = 0; i < inputs; i++) {
            damped.values()[i * inputs + i] += TOKENS / 100f;
        }
        double factored = seconds(() -> require(TriangularFactor.of(damped, pieces)));
        Matrix weight = random(outputs, inputs, 7, 0.03);
        double ranked = seconds(() -> LowRank.of(weight, RANK, Optional.empty(), pieces));
        Tensor stored = Conversions.fromF32(Tensor.of(Shape.of(outputs, inputs), weight.values()), DType.BF16);
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT, "| %d x %d | %.2f | %.2f | %.2f |", outputs, inputs, gathered, factored, ranked));
        for (QuantizationPlan plan : List.of(QuantizationPlan.DVD_QUANT, plan(0), plan(RANK))) {
            line.append(quantized(plan, stored, gram, tokens));
        }
        if (printed) {
            System.out.println(line + " " + ResidentMemory.now().peakBytes() / 1_000_000 + " |");
        }
    }

    private static void require(Optional<Matrix> factor) {
        if (factor.isEmpty()) {
            throw new IllegalStateException("the damped statistics have no factor");
        }
    }

    private static QuantizationPlan plan(int rank) {
        return SelfCalibrated.plan(4, rank, Optional.empty());
    }

    /// CPU-seconds and the error of the output, in decibels below it.
    private static String quantized(QuantizationPlan plan, Tensor stored, Matrix gram, Matrix tokens) {
        ActivationStatistics.LayerStatistics known = new ActivationStatistics.LayerStatistics() {
            @Override
            public long tokens() {
                return TOKENS;
            }

            @Override
            public float[] absMax() {
                return new float[gram.columns()];
            }

            @Override
            public Matrix gram() {
                return gram.copy();
            }
        };
        RowTasks tasks = RowTasks.parallel(CancellationToken.NONE);
        MemoryCheckpoint checkpoint = new MemoryCheckpoint("random", Map.of(LAYER + ".weight", stored), Map.of());
        QuantizedWeights.Source source =
                new QuantizedWeights.Source(checkpoint, List.of(LAYER), layer -> Optional.of(known));
        try (Arena arena = Arena.ofShared()) {
            LayerQuantizer quantizer = new LayerQuantizer(source, plan.withWeights(plan.weights(), 4), tasks);
            LayerQuantizer.Packed[] made = new LayerQuantizer.Packed[1];
            double spent = seconds(() -> made[0] = quantizer.pack(LAYER, arena.allocate(stored.elements() / 2)));
            return String.format(Locale.ROOT, " %.2f | %.2f |", spent, decibels(plan, stored, tokens, made[0], tasks));
        }
    }

    private static double decibels(
            QuantizationPlan plan, Tensor stored, Matrix tokens, LayerQuantizer.Packed packed, RowTasks tasks) {
        int outputs = Math.toIntExact(stored.shape().dim(0));
        int inputs = Math.toIntExact(stored.shape().dim(1));
        ParallelPieces pieces = ParallelPieces.of(CancellationToken.NONE);
        Optional<Rotation> rotation = plan.rotation().at(inputs);
        float[] values = Conversions.toFloatArray(stored);
        PackedMatrix matrix = packed.matrix();
        QuantizedMatrix codes = QuantizedMatrix.of(matrix, tasks);
        Matrix exact = Matrix.of(outputs, inputs, values);
        Matrix error = Matrix.zeros(outputs, inputs);
        packed.branch().ifPresent(branch -> {
            float[] down = Conversions.toFloatArray(branch.down());
            for (int i = 0; i < down.length; i++) {
                down[i] *= -branch.factor();
            }
            Matrix added = Matrix.of(outputs, branch.rank(), Conversions.toFloatArray(branch.up()))
                    .times(Matrix.of(branch.rank(), inputs, down), pieces);
            System.arraycopy(added.values(), 0, error.values(), 0, values.length);
        });
        float[] row = new float[inputs];
        float[] own = new float[inputs];
        for (int r = 0; r < outputs; r++) {
            codes.dequantizeRow(r, row);
            exact.readRow(r, own);
            rotation.ifPresent(turned -> turned.apply(own));
            for (int j = 0; j < inputs; j++) {
                error.values()[r * inputs + j] += own[j] - row[j];
            }
        }
        Matrix turnedTokens = tokens.copy();
        for (int t = 0; t < TOKENS && rotation.isPresent(); t++) {
            turnedTokens.readRow(t, row);
            rotation.get().apply(row);
            System.arraycopy(row, 0, turnedTokens.values(), t * inputs, inputs);
        }
        double noise = turnedTokens.times(error.transposed(), pieces).squareSum();
        return 10 * Math.log10(tokens.times(exact.transposed(), pieces).squareSum() / noise);
    }

    /// Tokens whose channels hang together and of which some are loud, as after a norm.
    private static Matrix tokens(int inputs) {
        Matrix own = random(TOKENS, inputs, 3, 1);
        Matrix common =
                random(TOKENS, 24, 4, 1).times(random(24, inputs, 5, 0.4), ParallelPieces.of(CancellationToken.NONE));
        for (int i = 0; i < own.values().length; i++) {
            int channel = i % inputs;
            own.values()[i] = (own.values()[i] + common.values()[i]) * (channel % 97 == 0 ? 8 : 1);
        }
        return own;
    }

    private static Matrix random(int rows, int columns, long seed, double scale) {
        Random random = new Random(seed);
        Matrix matrix = Matrix.zeros(rows, columns);
        for (int i = 0; i < matrix.values().length; i++) {
            matrix.values()[i] = (float) (scale * random.nextGaussian());
        }
        return matrix;
    }

    private static double seconds(Runnable work) {
        long before = cpuNanos();
        work.run();
        return (cpuNanos() - before) / 1e9;
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
