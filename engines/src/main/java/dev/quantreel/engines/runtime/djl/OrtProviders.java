package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.internal.process.ChildJvm;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// ONNX Runtime's execution providers: which this build knows, and which of those for GPUs load here.
///
/// Loading is not running: a provider that loads may still find no GPU. Whether the engine `ort-gpu` runs is told by
/// its own probe.
///
/// @param version of ONNX Runtime, or why it did not load
/// @param loads whether it loads at all
/// @param compiled names of the providers that the build knows
/// @param gpu those for GPUs
public record OrtProviders(String version, boolean loads, Set<String> compiled, List<Provider> gpu) {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    public OrtProviders {
        compiled = Set.copyOf(compiled);
        gpu = List.copyOf(gpu);
    }

    /// A provider for GPUs.
    ///
    /// @param title for people
    /// @param obstacle why it does not load, and what to install; empty where it loads
    public record Provider(String title, Optional<String> obstacle) {}

    /// The providers that are asked for, by ONNX Runtime's name.
    enum Kind {
        CUDA("CUDA provider"),
        TENSOR_RT("TensorRT provider");

        private final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    /// Asks in a child process, since a provider's library may end it; once per process.
    public static OrtProviders here() {
        return Once.ANSWER;
    }

    private static final class Once {
        static final OrtProviders ANSWER = ask(LIMIT);
    }

    static OrtProviders ask(Duration limit) {
        try {
            return judge(new ChildJvm(OrtProvidersProbe.class, List.of(), List.of("-Xmx64m"), Map.of(), limit)
                    .run(line -> {}));
        } catch (IOException e) {
            return judge(new ChildJvm.Ended(
                    1, false, List.of("the process that would ask it cannot be started: " + e.getMessage())));
        }
    }

    /// Reads what the child said.
    static OrtProviders judge(ChildJvm.Ended ended) {
        Optional<String> version = said(ended, OrtProvidersProbe.VERSION);
        if (version.isEmpty()) {
            String reason = said(ended, OrtProvidersProbe.BROKEN).orElseGet(() -> "the process " + ended.describe());
            return new OrtProviders(reason, false, Set.of(), List.of());
        }
        Set<String> compiled = new TreeSet<>();
        said(ended, OrtProvidersProbe.COMPILED).ifPresent(names -> compiled.addAll(List.of(names.split(" "))));
        List<Provider> gpu = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            gpu.add(new Provider("ONNX Runtime's " + kind.title, obstacle(ended, kind, compiled)));
        }
        return new OrtProviders(version.get(), true, compiled, gpu);
    }

    private static Optional<String> obstacle(ChildJvm.Ended ended, Kind kind, Set<String> compiled) {
        if (!compiled.contains(kind.name())) {
            return Optional.of("is not in this build, which has " + String.join(", ", new TreeSet<>(compiled)) + "; "
                    + GpuLibrary.HOW_TO_INSTALL);
        }
        if (said(ended, OrtProvidersProbe.LOADS + kind.name()).isPresent()) {
            return Optional.empty();
        }
        String reason = said(ended, OrtProvidersProbe.FAILS + kind.name() + " ")
                .orElseGet(
                        () -> said(ended, OrtProvidersProbe.TRIES + kind.name()).isPresent()
                                ? "the process that loaded it " + ended.describe()
                                : "was not asked, since the process " + ended.describe());
        return Optional.of(reason + "; " + OrtGpuProvider.hint(reason));
    }

    private static Optional<String> said(ChildJvm.Ended ended, String prefix) {
        return ended.lines().stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()))
                .findFirst();
    }
}
