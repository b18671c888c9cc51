package dev.quantreel.engines.runtime.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Log;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Progress;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Building processes that end in every way there is.
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(120)
class EngineBuilderTest {

    private final Path folder;

    EngineBuilderTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private final ConcurrentLinkedQueue<BuildMessage> heard = new ConcurrentLinkedQueue<>();
    private final EngineBuilder builder = new EngineBuilder(NativeProcess.of(ObstinateBuilder.class, "64m"));

    private BuildRequest request(String behaviour, Duration limit) {
        return new BuildRequest(
                folder.resolve(behaviour + ".onnx"),
                folder.resolve(behaviour + ".onnx.profile.json"),
                folder.resolve("engine.plan"),
                folder.resolve("times.cache"),
                new BuildOptions(0, limit, 4, BuildOptions.Weights.IN_PLAN, false));
    }

    private void build(String behaviour) {
        builder.build(request(behaviour, Duration.ofMinutes(1)), heard::add, CancellationToken.NONE);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void anEngineAppearsWholeAndItsMakingIsHeard() throws IOException {
        build("builds");

        assertThat(folder.resolve("engine.plan")).hasContent("plan of level 4");
        assertThat(files()).containsExactly("engine.plan", "times.cache");
        assertThat(heard)
                .anyMatch(message -> message instanceof Progress(String phase, int done, int total)
                        && phase.startsWith("pid ")
                        && done == 1
                        && total == 3)
                .contains(new Log(Severity.WARNING, "a warning\nof two lines"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "aborts | the library aborted the process | CUDA initialization failure with error: 35",
                "crashes | the library crashed | SIGSEGV",
                "crashes | the library crashed | tactic 0x17 is odd",
                "is killed | the system ended the process | lack of memory",
                "refuses | node 3 (MatMulInteger) | no importer",
                "forgets | said it was done | left no engine"
            })
    void anEndWithoutAnEngineIsExplainedAndLeavesNothing(String behaviour, String how, String why) throws IOException {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> build(behaviour))
                .withMessageContainingAll("tensorrt", behaviour + ".onnx", how, why);
        assertThat(files()).isEmpty();
    }

    @Test
    void whatTakesTooLongIsEnded() throws IOException {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() ->
                        builder.build(request("hangs", Duration.ofSeconds(2)), heard::add, CancellationToken.NONE))
                .withMessageContainingAll("not built within 2 s", "optimization level (now 4)");
        assertThat(files()).isEmpty();
        assertThat(child()).isEmpty();
    }

    @Test
    void anInterruptEndsTheProcessWithinASecond() throws IOException {
        Interrupt interrupt = new Interrupt();
        AtomicReference<Long> asked = new AtomicReference<>();
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> builder.build(
                        request("hangs", Duration.ofMinutes(1)),
                        message -> {
                            heard.add(message);
                            asked.set(System.nanoTime());
                            interrupt.cancel();
                        },
                        interrupt));

        assertThat(Duration.ofNanos(System.nanoTime() - asked.get())).isLessThan(Duration.ofSeconds(1));
        assertThat(child()).isEmpty();
        assertThat(files()).isEmpty();
    }

    @Test
    void aProcessThatNobodyStartedAnyMoreEnds() throws IOException, InterruptedException {
        Process orphan = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ObstinateBuilder.class.getName())
                .start();
        orphan.getOutputStream().close();

        assertThat(orphan.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aCacheThatCannotBeWrittenIsNamed() throws IOException {
        Path file = Files.createFile(folder.resolve("a file"));
        BuildRequest request = new BuildRequest(
                folder.resolve("builds.onnx"),
                folder.resolve("builds.onnx.profile.json"),
                file.resolve("engine.plan"),
                folder.resolve("times.cache"),
                BuildOptions.DEFAULTS);

        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> builder.build(request, heard::add, CancellationToken.NONE))
                .withMessageContainingAll("builds.onnx", file.toString());
    }

    @Test
    void theRealProcessSaysWhatItLacks() {
        // The bindings are on the class path of tests, the libraries are not.
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> new EngineBuilder()
                        .build(request("any", Duration.ofMinutes(1)), heard::add, CancellationToken.NONE))
                .withMessageContainingAll("a library did not load", "./quantreel install tensorrt");
    }

    private Optional<ProcessHandle> child() {
        return heard.stream()
                .map(message -> ((Progress) message).phase().substring("pid ".length()))
                .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream())
                .filter(ProcessHandle::isAlive)
                .findFirst();
    }

    private static final class Interrupt implements CancellationToken {

        private final AtomicBoolean cancelled = new AtomicBoolean();
        private volatile Runnable hook = () -> {};

        void cancel() {
            cancelled.set(true);
            hook.run();
        }

        @Override
        public boolean cancelled() {
            return cancelled.get();
        }

        @Override
        public Registration onCancel(Runnable runnable) {
            hook = runnable;
            return () -> {};
        }
    }
}
