package dev.quantreel.engines.runtime.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Makes small shared libraries from the C sources in `native-stubs`; tests that want one are skipped where
/// there is no C compiler.
public final class StubLibrary {

    private StubLibrary() {}

    /// Compiles a stub.
    ///
    /// @param source file in `native-stubs`
    /// @param library file to write; its name becomes the library's own (SONAME)
    /// @param definitions macros, for example `POOLS=0`; what begins with `-` or `/` goes to the compiler as it is
    public static Path compile(String source, Path library, String... definitions)
            throws IOException, InterruptedException {
        String compiler = compiler();
        assumeTrue(compiler != null, "skipped: no C compiler (gcc, g++'s package brings it), so no stub library");
        Path directory = Objects.requireNonNull(library.getParent());
        Files.createDirectories(directory);
        Path file = directory.resolve(library.getFileName() + ".c");
        try (InputStream text = StubLibrary.class.getResourceAsStream("/native-stubs/" + source)) {
            Files.write(file, Objects.requireNonNull(text, source).readAllBytes());
        }
        List<String> command = new ArrayList<>(List.of(compiler, "-shared", "-fPIC", "-O1", "-w"));
        for (String definition : definitions) {
            command.add(definition.startsWith("-") || definition.startsWith("/") ? definition : "-D" + definition);
        }
        command.addAll(List.of("-Wl,-soname," + library.getFileName(), "-o", library.toString(), file.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        return library;
    }

    private static @Nullable String compiler() throws InterruptedException {
        for (String candidate : List.of("gcc", "cc")) {
            try {
                Process process = new ProcessBuilder(candidate, "--version")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                if (process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0) {
                    return candidate;
                }
            } catch (IOException e) {
                continue;
            }
        }
        return null;
    }
}
