package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The check as a program of its own: all of it as the bundle's script starts it, or, with `--item ID` before the other
/// words, one item as [GpuCheck] starts it.
public final class GpuCheckMain {

    private GpuCheckMain() {}

    /// Ends the process with what [GpuCheck#run] says, for an item with 0 unless it broke.
    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<String> words = Arrays.asList(arguments);
        try {
            if (words.size() > 1 && words.getFirst().equals("--item")) {
                System.exit(item(words.get(1), CheckOptions.parse(words.subList(2, words.size())), out));
            }
            System.exit(new GpuCheck(CheckOptions.parse(words), out).run());
        } catch (IllegalArgumentException e) {
            out.println("gpu-check: " + e.getMessage());
            System.exit(2);
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // whatever an item breaks over is its result
    private static int item(String id, CheckOptions options, PrintStream out) throws IOException {
        GpuCheckItem item = GpuCheck.item(id);
        CheckLog log = new CheckLog(id, out);
        Path work = Files.createDirectories(options.out().resolve("work").resolve(id));
        CheckContext context = new CheckContext(
                options.driver().orElse(CudaDriver.DEFAULT_LIBRARY),
                options.models(),
                work,
                options.small(),
                Files.isRegularFile(options.script())
                        ? Optional.of(new TorchBaseline("python3", options.script(), work.resolve("torch.log")))
                        : Optional.empty(),
                log);
        try {
            item.prepare(context);
            log.note(GpuCheck.PREPARED);
            if (!options.dry()) {
                item.measure(context);
            }
            return 0;
        } catch (Exception | LinkageError | OutOfMemoryError | AssertionError e) {
            e.printStackTrace(out);
            out.println(GpuCheck.BROKE + e);
            return 1;
        }
    }
}
