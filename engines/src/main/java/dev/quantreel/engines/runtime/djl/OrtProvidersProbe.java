package dev.quantreel.engines.runtime.djl;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import java.util.EnumSet;
import java.util.stream.Collectors;

/// Says which execution providers ONNX Runtime has and loads those for GPUs, in a process that may end over it. A
/// program of its own.
final class OrtProvidersProbe {

    static final String VERSION = "version: ";
    static final String COMPILED = "compiled: ";
    static final String TRIES = "tries: ";
    static final String LOADS = "loads: ";
    static final String FAILS = "fails: ";
    static final String BROKEN = "broken: ";

    private OrtProvidersProbe() {}

    /// Prints a line for each answer, each before what could end the process. Takes nothing.
    public static void main(String[] arguments) {
        try {
            String version = OrtEngineProvider.environment().getVersion();
            EnumSet<OrtProvider> compiled = OrtEnvironment.getAvailableProviders();
            System.out.println(COMPILED + compiled.stream().map(Enum::name).collect(Collectors.joining(" ")));
            System.out.println(VERSION + version);
            for (OrtProviders.Kind kind : OrtProviders.Kind.values()) {
                if (compiled.contains(OrtProvider.valueOf(kind.name()))) {
                    System.out.println(TRIES + kind.name());
                    System.out.println(tried(kind));
                }
            }
        } catch (LinkageError e) {
            System.out.println(BROKEN + OrtEngineProvider.reason(e).replaceAll("\\s+", " "));
        }
    }

    private static String tried(OrtProviders.Kind kind) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            switch (kind) {
                case CUDA -> options.addCUDA(0);
                case TENSOR_RT -> options.addTensorrt(0);
            }
            return LOADS + kind.name();
        } catch (OrtException e) {
            return FAILS + kind.name() + " " + String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
        }
    }
}
