package dev.quantreel.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.text.EncoderPrecision;
import dev.quantreel.engines.text.TextEncoder;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// Prints what a text encoder takes at one precision: time to open it, time of prompts, memory then resident. One
/// precision a process, so that peaks do not mix.
public final class EncoderTable {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private EncoderTable() {}

    /// @param args checkpoint, precision (`full`, `int8`, `int4`), tokens of the prompt, threads
    public static void main(String[] args) {
        EncoderPrecision precision =
                switch (args[1]) {
                    case "full" -> EncoderPrecision.FULL;
                    case "int8" -> EncoderPrecision.INT8;
                    case "int4" -> EncoderPrecision.INT4;
                    default -> throw new IllegalArgumentException(args[1] + ": full, int8 and int4 are known");
                };
        int[] ids = new int[Integer.parseInt(args[2])];
        Arrays.setAll(ids, i -> 3 + i % 200);
        EngineOptions options = new EngineOptions(Integer.parseInt(args[3]));
        try (SafetensorsFile file = SafetensorsFile.open(Path.of(args[0]));
                Engine engine = new OrtEngineProvider().create(options)) {
            table(engine, file, precision, ids);
        }
    }

    private static void table(Engine engine, Checkpoint file, EncoderPrecision precision, int[] ids) {
        Clock opening = new Clock();
        try (TextEncoder encoder = TextEncoder.open(engine, file, precision)) {
            print("open " + encoder.family().title() + " " + precision, opening);
            System.out.printf(Locale.ROOT, "weights %.2f GB%n", encoder.weightBytes() / 1e9);
            for (int run = 0; run < 3; run++) {
                Clock prompt = new Clock();
                encoder.run(ids, CancellationToken.NONE);
                print(ids.length + " tokens", prompt);
            }
        }
    }

    private static void print(String what, Clock clock) {
        ResidentMemory memory = ResidentMemory.now();
        System.out.printf(
                Locale.ROOT,
                "%-28s %6.1f s, %6.1f CPU-s; resident %.2f GB, of it no file %.2f GB; peak %.2f GB%n",
                what,
                (System.nanoTime() - clock.nanos) / 1e9,
                (MACHINE.getProcessCpuTime() - clock.cpuNanos) / 1e9,
                memory.nowBytes() / 1e9,
                memory.anonymousBytes() / 1e9,
                memory.peakBytes() / 1e9);
    }

    /// Time since it was made.
    private static final class Clock {
        private final long nanos = System.nanoTime();
        private final long cpuNanos = MACHINE.getProcessCpuTime();
    }
}
