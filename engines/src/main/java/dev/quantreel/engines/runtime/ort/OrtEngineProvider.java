package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import dev.quantreel.engines.runtime.BackgroundThread;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/// Finds ONNX Runtime's CPU build, which ships inside its jar for Linux, Windows and macOS.
public final class OrtEngineProvider implements EngineProvider {

    /// Id of the engine: `ort-cpu`.
    public static final String ID = "ort-cpu";

    /// ONNX Runtime matches the command line of the process against regular expressions when its environment is
    /// made, by a recursion that takes some 300 bytes of stack a character: a class path that names every jar
    /// overflows the usual megabyte and ends the process without a word.
    private static final long STACK_BYTES = 256L << 20;

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int rank() {
        return 100;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.of(Capability.FP32, Capability.INT8);
    }

    @Override
    public Availability probe() {
        try {
            return new Availability.Available(
                    "ONNX Runtime " + environment().getVersion() + " on " + System.getProperty("os.arch"));
        } catch (LinkageError | RuntimeException e) {
            return new Availability.Unavailable(reason(e));
        }
    }

    @Override
    public Engine create(EngineOptions options) {
        options.accept(ID, Set.of());
        try {
            return new OrtEngine(environment(), options);
        } catch (LinkageError e) {
            throw new EngineException(ID, reason(e), e);
        }
    }

    /// The one environment of the process; ONNX Runtime keeps it until the JVM ends.
    ///
    /// Deep Java Library's engine ([dev.quantreel.engines.vbench]) insists on making it, with threads that all
    /// sessions share, and cannot be used where there is one already. It is asked first, for one shared thread:
    /// every session has threads of its own.
    /// @throws LinkageError when the native library does not load
    public static OrtEnvironment environment() {
        AtomicReference<OrtEnvironment> made = new AtomicReference<>();
        try (BackgroundThread thread = new BackgroundThread("onnxruntime environment", STACK_BYTES)) {
            thread.run(() -> made.set(make()));
            thread.await();
        }
        return Objects.requireNonNull(made.get());
    }

    private static OrtEnvironment make() {
        for (String threads : List.of("num_threads", "num_interop_threads")) {
            String property = "ai.djl.onnxruntime." + threads;
            System.setProperty(property, System.getProperty(property, "1"));
        }
        ai.djl.engine.Engine.getEngine("OnnxRuntime");
        return OrtEnvironment.getEnvironment();
    }

    /// Why the library did not load, and where it can.
    public static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return "the native library of ONNX Runtime did not load (" + root + "); its jar supports linux and windows on"
                + " x64, linux and macOS on arm64, and the temporary folder (java.io.tmpdir) must allow executables";
    }
}
