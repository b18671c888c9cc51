package dev.quantreel.benchmarks;

import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;

/// Prints how fast BGR quantizes seeded rows and how close it comes to the exhaustive search, beside NumPy and PyTorch
/// doing the latter (tools/reference/grid_search.py, run from the root of the repository) on the same rows.
///
/// CPU time of one thread, because other work shares the machine. Ours counts everything from BF16 rows to tiles of
/// codes with error figures; the others search F32 rows that lie in memory and write nothing.
public final class QuantizationTable {

    private static final int RUNS = 15;
    private static final int REFERENCE_RUNS = 3;
    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);

    private QuantizationTable() {}

    /// @param args the Python to run, or - for the table of methods alone, and how many weights a matrix has about
    ///     (default 4 million for speed)
    public static void main(String[] args) throws IOException, InterruptedException {
        String python = args.length > 0 ? args[0] : "python3";
        int weights = args.length > 1 ? Integer.parseInt(args[1]) : 4 << 20;
        printMethods(weights);
        if (python.equals("-")) {
            return;
        }
        System.out.println("| rows, bits | BGR | spread | rotated | NumPy | PyTorch | times NumPy | times PyTorch |"
                + "\n|---|---|---|---|---|---|---|---|");
        StringBuilder quality = new StringBuilder(
                "| rows, bits | mean error over exhaustive | best row | worst row |" + "\n|---|---|---|---|\n");
        for (int columns : new int[] {1536, 8960}) {
            for (String kind : List.of("gaussian", "t5", "t3", "outliers")) {
                for (int bits : new int[] {3, 4, 8}) {
                    boolean timed = kind.equals("gaussian") || kind.equals("outliers") && bits == 4;
                    Case measured = new Case(kind, columns, bits, timed ? weights : 0);
                    measured.print(reference(python, measured), quality);
                }
            }
        }
        System.out.println("\n" + quality);
    }

    /// Every weight method by row and by group.
    private static Map<String, WeightQuantizer> methods() {
        Map<String, WeightQuantizer> methods = new LinkedHashMap<>();
        methods.put("MinMax", new WeightQuantizer.MinMax());
        methods.put("symmetric", new WeightQuantizer.Symmetric());
        methods.put("symmetric, searched", new WeightQuantizer.Symmetric(true));
        methods.put("MSE clip search, norm 2.4", new WeightQuantizer.ClipSearch());
        methods.put("MSE clip search, norm 2", new WeightQuantizer.ClipSearch(2));
        methods.put("HQQ", new WeightQuantizer.Hqq());
        methods.put("Lloyd-Max", new WeightQuantizer.LloydMaxRows());
        methods.put("PBQ", new WeightQuantizer.Pbq());
        methods.put("BGR", new WeightQuantizer.Bgr());
        return methods;
    }

    private static void printMethods(int weights) {
        System.out.println(
                "| 4 bits, gaussian 1536 | row | groups of 128 | groups of 64 | multiples, groups of 64 | error of"
                        + " rows | groups of 128 | groups of 64 | multiples |\n|---|---|---|---|---|---|---|---|---|");
        Case rows = new Case("gaussian", 1536, 4, weights);
        int count = weights / rows.columns / 16 * 16;
        WeightMatrix matrix = WeightMatrix.of("w", rows.rows(count));
        methods().forEach((name, method) -> {
            StringBuilder speeds = new StringBuilder("| " + name);
            StringBuilder errors = new StringBuilder();
            for (Granularity granularity : List.of(
                    new Granularity.PerRow(),
                    new Granularity.PerGroup(128),
                    new Granularity.PerGroup(64),
                    new Granularity.GroupMultiples(64))) {
                if (!fits(method, granularity)) {
                    speeds.append(" |");
                    errors.append(" |");
                    continue;
                }
                WeightPlan plan = new WeightPlan(method, 4, granularity);
                double[] measured =
                        speeds(() -> QuantizedMatrix.of(matrix, plan, ONE_THREAD), (long) count * rows.columns);
                speeds.append(String.format(Locale.ROOT, " | %.0f", measured[RUNS - 1]));
                errors.append(String.format(
                        Locale.ROOT,
                        " | %.5f",
                        QuantizedMatrix.of(matrix, plan, ONE_THREAD).error().relativeMse()));
            }
            System.out.println(speeds.append(errors).append(" |"));
        });
        System.out.println();
    }

    private static boolean fits(WeightQuantizer method, Granularity granularity) {
        try {
            method.requireFits(4, granularity);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// One line of the tables.
    private record Case(String kind, int columns, int bits, int weights) {

        private static final int COMPARED = 24;

        String title() {
            return kind + " " + columns + ", " + bits;
        }

        /// Rows that BF16 holds, as all implementations see them.
        Tensor rows(int count) {
            Random random = new Random(31L * columns + bits);
            float[] values = new float[count * columns];
            for (int i = 0; i < values.length; i++) {
                double scale =
                        switch (kind) {
                            case "t5" -> student(random, 5);
                            case "t3" -> student(random, 3);
                            case "outliers" -> random.nextDouble() < 0.003 ? 4 : 1;
                            default -> 1;
                        };
                values[i] = (float) (0.04 * scale * random.nextGaussian());
            }
            return Conversions.fromF32(Tensor.of(Shape.of(count, columns), values), DType.BF16);
        }

        private static double student(Random random, int degrees) {
            double squares = 0;
            for (int i = 0; i < degrees; i++) {
                double g = random.nextGaussian();
                squares += g * g;
            }
            return Math.sqrt(degrees / squares);
        }

        void print(List<Reference> references, StringBuilder quality) {
            compare(references.getLast(), quality);
            if (weights == 0) {
                return;
            }
            int count = weights / columns / 16 * 16;
            WeightMatrix matrix = WeightMatrix.of("w", rows(count));
            double[] plain = speeds(() -> quantized(matrix, bits), (long) count * columns);
            WeightMatrix rotated = matrix.rotated(Rotation.of(columns, Rotation.DEFAULT_BLOCK_SIZE, 1));
            double[] turned = speeds(() -> quantized(rotated, bits), (long) count * columns);
            double best = plain[RUNS - 1];
            double numpy = (double) COMPARED * columns / references.getFirst().seconds / 1e6;
            double torch = (double) COMPARED * columns / references.getLast().seconds / 1e6;
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %.0f to %.0f | %.0f | %.2f | %.2f | %.0f | %.0f |%n",
                    title(),
                    best,
                    plain[0],
                    best,
                    turned[RUNS - 1],
                    numpy,
                    torch,
                    best / numpy,
                    best / torch);
        }

        private void compare(Reference exhaustive, StringBuilder quality) {
            Tensor rows = rows(COMPARED);
            double sum = 0;
            double least = Double.MAX_VALUE;
            double most = 0;
            for (int r = 0; r < COMPARED; r++) {
                MemorySegment row = rows.data().asSlice(2L * r * columns, 2L * columns);
                Tensor one = new Tensor(DType.BF16, Shape.of(1, columns), row);
                double error =
                        quantized(WeightMatrix.of("row", one), bits).error().mse() * columns;
                double ratio = error / exhaustive.errors[r];
                sum += ratio;
                least = Math.min(least, ratio);
                most = Math.max(most, ratio);
            }
            quality.append(String.format(
                    Locale.ROOT,
                    "| %s | %+.2f %% | %+.2f %% | %+.3f %% |%n",
                    title(),
                    100 * (sum / COMPARED - 1),
                    100 * (least - 1),
                    100 * (most - 1)));
        }
    }

    private static QuantizedMatrix quantized(WeightMatrix matrix, int bits) {
        return QuantizedMatrix.of(matrix, new WeightQuantizer.Bgr(), bits, ONE_THREAD);
    }

    /// Million weights per second of CPU time, slowest run first.
    private static double[] speeds(Callable<?> work, long weights) {
        var threads = ManagementFactory.getThreadMXBean();
        double[] speeds = new double[RUNS];
        for (int i = -5; i < RUNS; i++) {
            long start = threads.getCurrentThreadCpuTime();
            try {
                work.call();
            } catch (Exception e) {
                throw new IllegalStateException("a run of the benchmark failed", e);
            }
            if (i >= 0) {
                speeds[i] = 1e3 * weights / (threads.getCurrentThreadCpuTime() - start);
            }
        }
        Arrays.sort(speeds);
        return speeds;
    }

    /// What another library needed for the exhaustive search, and the squared error of every row.
    private static final class Reference {
        private final double seconds;
        private final double[] errors;

        Reference(String line) {
            double[] values = Arrays.stream(line.split(" ", -1))
                    .skip(1)
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            seconds = values[0];
            errors = Arrays.copyOfRange(values, 2, values.length);
        }
    }

    private static List<Reference> reference(String python, Case measured) throws IOException, InterruptedException {
        Path file = Files.createTempFile("rows", ".f32");
        try {
            Tensor wide = Conversions.toF32(measured.rows(Case.COMPARED));
            Files.write(file, wide.data().toArray(ValueLayout.JAVA_BYTE));
            Process process = new ProcessBuilder(
                            python,
                            "tools/reference/grid_search.py",
                            file.toString(),
                            String.valueOf(Case.COMPARED),
                            String.valueOf(measured.columns),
                            String.valueOf(measured.bits),
                            String.valueOf(REFERENCE_RUNS))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(python + " tools/reference/grid_search.py failed; NumPy and PyTorch are needed");
            }
            return output.lines().map(Reference::new).toList();
        } finally {
            Files.delete(file);
        }
    }
}
