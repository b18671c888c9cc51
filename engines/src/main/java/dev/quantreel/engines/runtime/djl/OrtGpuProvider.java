package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.internal.process.ChildJvm;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/// Finds ONNX Runtime's CUDA build and a GPU to run it on. Settings: `device`, `provider` (`cuda`, `tensorrt`),
/// `precision` and `cache` of TensorRT, `memory`, `growth` (`doubling`, `exact`), `tf32`.
///
/// A child process runs a product before this one loads anything of CUDA: a library that aborts ends the child.
public final class OrtGpuProvider implements EngineProvider {

    /// Id of the engine: `ort-gpu`.
    public static final String ID = "ort-gpu";

    /// The provider's library has hundreds of megabytes, which are unpacked where they lie in a jar.
    private static final Duration PROBE_LIMIT = Duration.ofSeconds(120);

    private final Supplier<Availability> probe;

    /// Asks once per process.
    public OrtGpuProvider() {
        this(() -> Asked.ANSWER.availability());
    }

    OrtGpuProvider(Supplier<Availability> probe) {
        this.probe = probe;
    }

    /// What the child said; the libraries of a machine do not change while Quantreel runs.
    private static final class Asked {
        static final Answer ANSWER = ask(GpuLibrary.find(), List.of(), PROBE_LIMIT);
    }

    /// What came of trying.
    ///
    /// @param survived whether the process that tried it ended as a program does, or there was nothing to try
    record Answer(Availability availability, boolean survived) {}

    /// Why the library must not be touched in this process: one that was tried ended over it. Deep Java Library asks
    /// it for CUDA whenever a model is made, for the processor, too.
    static Optional<String> hazard() {
        return Asked.ANSWER.availability() instanceof Availability.Unavailable(String reason)
                        && !Asked.ANSWER.survived()
                ? Optional.of(reason)
                : Optional.empty();
    }

    @Override
    public String id() {
        return ID;
    }

    /// Below the engine for the processor: `auto` does not choose it as long as no figure of a GPU is in
    /// docs/gpu-checks.md.
    @Override
    public int rank() {
        return 70;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.GPU);
    }

    @Override
    public Availability probe() {
        return probe.get();
    }

    /// @param settings for the child, as `name=value`
    static Answer ask(Optional<GpuLibrary> library, List<String> settings, Duration limit) {
        if (library.isEmpty()) {
            return new Answer(
                    new Availability.Unavailable(
                            "ONNX Runtime's CUDA build is not installed; " + GpuLibrary.HOW_TO_INSTALL),
                    true);
        }
        try {
            return judge(
                    new ChildJvm(OrtGpuProbe.class, settings, List.of(), Map.of(), limit).run(line -> {}),
                    library.get());
        } catch (IOException e) {
            return new Answer(
                    new Availability.Unavailable("the process that would try it cannot be started: " + e.getMessage()),
                    false);
        } catch (CancellationException e) {
            return new Answer(
                    new Availability.Unavailable("trying it was interrupted; start Quantreel again to try once more"),
                    false);
        }
    }

    static Answer judge(ChildJvm.Ended ended, GpuLibrary library) {
        Optional<String> works = said(ended, OrtGpuProbe.WORKS);
        boolean survived = ended.exitCode() == 0 && !ended.timedOut();
        if (works.isPresent() && survived) {
            return new Answer(
                    new Availability.Available(works.get() + ", from " + library.place()
                            + (library.tensorRt() ? ", TensorRT's provider, too" : "")),
                    true);
        }
        String reason = said(ended, OrtGpuProbe.FAILS)
                .map(words -> "does not run here: " + words + "; " + hint(words))
                .orElseGet(() -> "the process that tried it " + ended.describe());
        return new Answer(
                new Availability.Unavailable("ONNX Runtime's CUDA build is in " + library.place() + ", but " + reason),
                survived);
    }

    private static Optional<String> said(ChildJvm.Ended ended, String prefix) {
        return ended.lines().stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()))
                .findFirst();
    }

    /// What to install, by the library that the message names.
    static String hint(String reason) {
        if (reason.contains("libcuda.so")) {
            return "NVIDIA's driver is missing";
        }
        if (reason.contains("libcudnn")) {
            return "install cuDNN 9 and put its folder into LD_LIBRARY_PATH";
        }
        if (reason.contains("libnvinfer") || reason.contains("libnvonnxparser")) {
            return "install TensorRT 10 and put its folder into LD_LIBRARY_PATH, or leave provider=tensorrt away";
        }
        if (reason.contains("libcu")) {
            return "install the CUDA libraries of the version that the name tells (12: `install ort-gpu`, 13: `install"
                    + " ort-gpu --cuda 13`) and put their folder into LD_LIBRARY_PATH";
        }
        if (reason.contains("not compiled with CUDA") || reason.contains("Failed to find CUDA shared provider")) {
            return "the processor's build comes first on the class path; " + GpuLibrary.HOW_TO_INSTALL;
        }
        return "`./quantreel doctor` tells what this machine has";
    }

    /// @throws EngineException when it is not available, with the reason
    @Override
    public Engine create(EngineOptions options) {
        OrtGpuOptions.of(ID, options);
        if (probe() instanceof Availability.Unavailable(String reason)) {
            throw new EngineException(ID, reason, null);
        }
        return open(options);
    }

    /// Opens it in this process, untried.
    static Engine open(EngineOptions options) {
        try {
            return new DjlEngine(DjlTarget.gpu(ID, OrtGpuOptions.of(ID, options)), options.threads());
        } catch (LinkageError e) {
            throw new EngineException(ID, OrtEngineProvider.reason(e), e);
        }
    }
}
