package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.internal.process.ChildJvm;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// Tries the GPU in a child process before this one touches its driver: a crash costs the child.
///
/// @param program prints a line of [CudaProbe]
/// @param arguments of the program
/// @param limit for the whole
record ProcessTrial(Class<?> program, List<String> arguments, Duration limit) {

    /// Kernels may have to be compiled first.
    private static final Duration LIMIT = Duration.ofSeconds(120);

    /// What a JVM writes of a crash in native code.
    private static final String FRAME = "# C  [";

    /// A trial of this build's kernels.
    ///
    /// @param library of the driver
    static ProcessTrial of(String library) {
        return new ProcessTrial(CudaProbe.class, List.of(library), LIMIT);
    }

    /// Whether the GPU can be used, as the child found, or how the child ended.
    Availability run() {
        List<String> options = List.of(
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + (Path.of("/dev/null").toFile().exists() ? "/dev/null" : "NUL"));
        try {
            return judge(new ChildJvm(program, arguments, options, Map.of(), limit).run(line -> {}));
        } catch (IOException e) {
            return new Availability.Unavailable(
                    "the process that would try the GPU cannot be started: " + e.getMessage());
        } catch (CancellationException e) {
            return new Availability.Unavailable(
                    "trying the GPU was interrupted; start Quantreel again to try once more");
        }
    }

    private Availability judge(ChildJvm.Ended ended) {
        boolean survived = ended.exitCode() == 0 && !ended.timedOut();
        Optional<String> works = said(ended, CudaProbe.WORKS);
        if (survived && works.isPresent()) {
            return new Availability.Available(works.get());
        }
        return new Availability.Unavailable(said(ended, CudaProbe.FAILS).orElseGet(() -> death(ended)));
    }

    private String death(ChildJvm.Ended ended) {
        if (ended.timedOut()) {
            return "the process that tried the GPU did not answer within " + limit.toSeconds()
                    + " s and was ended; `./quantreel doctor` tells what this machine has";
        }
        return "the process that tried the GPU "
                + said(ended, FRAME)
                        .map(frame -> "crashed in [" + frame.strip())
                        .orElseGet(ended::describe)
                + "; the driver is not used, `./quantreel doctor` tells what this machine has";
    }

    private static Optional<String> said(ChildJvm.Ended ended, String beginning) {
        return ended.lines().stream()
                .filter(line -> line.startsWith(beginning))
                .map(line -> line.substring(beginning.length()))
                .findFirst();
    }
}
