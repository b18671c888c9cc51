package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Builds engines in a process of their own: TensorRT's builder ends the process it runs in when it does not like the
/// machine, and it cannot be interrupted otherwise.
public final class EngineBuilder implements PlanBuilder {

    private final NativeProcess process;

    /// With TensorRT.
    public EngineBuilder() {
        this(NativeProcess.of(BuilderMain.class, "1g"));
    }

    EngineBuilder(NativeProcess process) {
        this.process = process;
    }

    @Override
    public void build(BuildRequest request, Consumer<BuildMessage> listener, CancellationToken cancellation) {
        Path part = EngineCache.own(request.plan(), EngineCache.PART);
        Path file = EngineCache.own(request.plan(), ".request");
        try {
            Files.createDirectories(request.plan().toAbsolutePath().getParent());
            new BuildRequest(request.model(), request.profile(), part, request.timingCache(), request.options())
                    .write(file);
            NativeProcess.Ending ending =
                    process.run(List.of(file.toString()), request.options().timeLimit(), listener, cancellation);
            requireDone(ending, request, part);
            EngineCache.move(part, request.plan());
        } catch (IOException e) {
            throw failure(request, "cannot be built in " + request.plan().getParent() + ": " + e, e);
        } finally {
            delete(part);
            delete(file);
        }
    }

    private static void requireDone(NativeProcess.Ending ending, BuildRequest request, Path part) throws IOException {
        if (ending.timedOut()) {
            throw failure(
                    request,
                    "was not built within " + request.options().timeLimit().toSeconds()
                            + " s; a lower optimization level (now "
                            + request.options().optimizationLevel()
                            + ") tries fewer tactics, and what was timed is kept for the next attempt where it was"
                            + " written",
                    null);
        }
        if (!ending.isDone()) {
            throw failure(request, "cannot be built: " + ending.reason(), null);
        }
        if (!Files.isRegularFile(part) || Files.size(part) == 0) {
            throw failure(request, "cannot be built: the process said it was done and left no engine", null);
        }
    }

    private static EngineException failure(BuildRequest request, String what, @Nullable Throwable cause) {
        return new EngineException(TensorRtEngineProvider.ID, request.model().getFileName() + " " + what, cause);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }
}
