package dev.quantreel.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;

/// Prints the tables of the README from CPU time instead of wall time, smallest of many runs: on a machine that other
/// work shares, wall time measures the neighbours.
public final class CpuTable {

    private static final int RUNS = 25;

    private CpuTable() {}

    /// @param args optionally `modes=` and some of [LinearBenchmark#MODES] joined by commas, then shapes
    /// `tokens/in/out`; by default all modes and the shapes of [LinearBenchmark]
    public static void main(String[] args) {
        boolean chosen = args.length > 0 && args[0].startsWith("modes=");
        List<String> modes =
                chosen ? List.of(args[0].substring("modes=".length()).split(",", -1)) : LinearBenchmark.MODES;
        List<String> rest = List.of(args).subList(chosen ? 1 : 0, args.length);
        List<String> shapes = rest.isEmpty() ? List.of("1024/1536/1536", "1024/1536/8960") : rest;
        for (String shape : shapes) {
            System.out.println("\n| " + shape + " | ms | GOP/s | times fp32 |\n|---|---|---|---|");
            double reference = 0;
            for (String mode : modes) {
                double millis = linear(mode, shape);
                reference = mode.equals("fp32") ? millis : reference;
                double operations = 2.0
                        * List.of(shape.split("/", -1)).stream()
                                .mapToInt(Integer::parseInt)
                                .asDoubleStream()
                                .reduce(1, (a, b) -> a * b);
                System.out.printf(
                        Locale.ROOT,
                        "| %s | %.2f | %.0f | %.1f |%n",
                        mode,
                        millis,
                        operations / millis / 1e6,
                        reference / millis);
            }
        }
        if (chosen) {
            return;
        }
        System.out.println("\n| weights, one row of 8960, kernels " + System.getProperty("quantreel.kernels", "vector")
                + " | million per second |\n|---|---|");
        System.out.printf(Locale.ROOT, "| BGR | %.1f |%n", weights(true));
        System.out.printf(Locale.ROOT, "| MinMax | %.1f |%n", weights(false));
    }

    private static double linear(String mode, String shape) {
        LinearBenchmark benchmark = new LinearBenchmark();
        benchmark.mode = mode;
        benchmark.shape = shape;
        benchmark.open();
        try {
            return smallestNanos(benchmark::run) / 1e6;
        } finally {
            benchmark.close();
        }
    }

    private static double weights(boolean bgr) {
        WeightQuantizerBenchmark benchmark = new WeightQuantizerBenchmark();
        benchmark.columns = 8960;
        benchmark.fill();
        long nanos = smallestNanos(bgr ? benchmark::bgrVector : benchmark::minMax);
        return 16 * 8960 * 1e3 / nanos;
    }

    private static long smallestNanos(Runnable work) {
        var threads = ManagementFactory.getThreadMXBean();
        long smallest = Long.MAX_VALUE;
        for (int i = 0; i < RUNS; i++) {
            long start = threads.getCurrentThreadCpuTime();
            work.run();
            smallest = Math.min(smallest, threads.getCurrentThreadCpuTime() - start);
        }
        return smallest;
    }
}
