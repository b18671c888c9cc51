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
        this(() -> Asked.ANSWER);
    }

    OrtGpuProvider(Supplier<Availability> probe) {
        this.probe = probe;
    }

    /// What the child said; the libraries of a machine do not change while Quantreel runs.
    private static final class Asked {
        static final Availability ANSWER = ask(GpuLibrary.find(), List.of(), PROBE_LIMIT);
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int rank() {
        return 150;
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
    static Availability ask(Optional<GpuLibrary> library, List<String> settings, Duration limit) {
        if (library.isEmpty()) {
            return new Availability.Unavailable(
                    "ONNX Runtime's CUDA build is not installed; " + GpuLibrary.HOW_TO_INSTALL);
        }
        try {
            ChildJvm.Ended ended =
                    new ChildJvm(OrtGpuProbe.class, settings, List.of(), Map.of(), limit).run(line -> {});
            return judge(ended, library.get());
        } catch (IOException e) {
            return new Availability.Unavailable("the process that would try it cannot be started: " + e.getMessage());
        }
    }

    static Availability judge(ChildJvm.Ended ended, GpuLibrary library) {
        Optional<String> works = said(ended, OrtGpuProbe.WORKS);
        if (works.isPresent() && ended.exitCode() == 0) {
            return new Availability.Available(works.get() + ", from " + library.place()
                    + (library.tensorRt() ? ", TensorRT's provider, too" : ""));
        }
        return new Availability.Unavailable("ONNX Runtime's CUDA build is in " + library.place() + ", but "
                + said(ended, OrtGpuProbe.FAILS)
                        .map(reason -> "does not run here: " + reason + "; " + hint(reason))
                        .orElseGet(() -> "the process that tried it " + ended.describe()));
    }

    private static Optional<String> said(ChildJvm.Ended ended, String prefix) {
        return ended.lines().stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()))
                .findFirst();
    }

    /// What to install, by the library that the message names.
    private static String hint(String reason) {
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
