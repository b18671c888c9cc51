package dev.quantreel.engines.gpu;

import dev.quantreel.engines.internal.process.ChildJvm;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.djl.OrtProviders;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/// Finds out what this machine has of NVIDIA's, in a child process: a library that crashes or hangs costs a
/// line of the report, the rest is asked by another child.
public final class GpuDetection {

    /// For the whole of a child; loading cuBLAS and cuDNN from a cold disk takes seconds.
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Optional<Path> folder;
    private final Duration limit;
    private final Map<Component, List<ProbeLine>> lines = new EnumMap<>(Component.class);
    private final Map<Component, String> deaths = new EnumMap<>(Component.class);

    private GpuDetection(Optional<Path> folder, Duration limit) {
        this.folder = folder;
        this.limit = limit;
    }

    /// The report of this machine; asked once per process.
    ///
    /// The system property `quantreel.gpu.libraries` names a folder to look in instead of where the system
    /// looks.
    public static GpuReport report() {
        return Once.REPORT;
    }

    private static final class Once {
        static final GpuReport REPORT = whole(detect(
                Optional.ofNullable(System.getProperty("quantreel.gpu.libraries"))
                        .map(Path::of),
                LIMIT));

        private static GpuReport whole(GpuReport nvidia) {
            return new GpuReport(nvidia.gpus(), nvidia.parts(), Optional.of(OrtProviders.here()));
        }
    }

    /// Asks anew.
    ///
    /// @param folder to look in alone; empty for where the system looks
    /// @param limit for each child process
    static GpuReport detect(Optional<Path> folder, Duration limit) {
        return new GpuDetection(folder, limit).run();
    }

    private GpuReport run() {
        Set<Component> open = EnumSet.allOf(Component.class);
        while (!open.isEmpty()) {
            open.removeAll(ask(open));
        }
        List<Gpu> gpus = gpus();
        return new GpuReport(
                gpus,
                List.of(Component.values()).stream()
                        .map(component -> new GpuReport.Part(component, finding(component, gpus)))
                        .toList());
    }

    private Finding finding(Component component, List<Gpu> gpus) {
        List<ProbeLine> said = lines.getOrDefault(component, List.of());
        Optional<String> death = Optional.ofNullable(deaths.get(component));
        if (component != Component.RESOURCES || death.isPresent()) {
            return Judgement.of(component, said, death);
        }
        Set<String> names = new TreeSet<>();
        said.forEach(line -> {
            if (line instanceof ProbeLine.Resource(String name)) {
                names.add(name);
            }
        });
        return Judgement.resources(names, gpus);
    }

    /// Asks in one child process.
    ///
    /// @return what is settled: all, or those up to the one over which it ended
    private Set<Component> ask(Set<Component> open) {
        try {
            ChildJvm.Ended ended = child(open).run(line -> {});
            List<Component> begun = record(ended.lines());
            if (ended.exitCode() == 0 && !ended.timedOut()) {
                return EnumSet.copyOf(open);
            }
            Component last = begun.isEmpty() ? open.iterator().next() : begun.getLast();
            deaths.put(last, describe(ended));
            Set<Component> settled = EnumSet.of(last);
            settled.addAll(begun);
            return settled;
        } catch (IOException e) {
            open.forEach(component -> deaths.put(component, "cannot be started: " + e.getMessage()));
            return EnumSet.copyOf(open);
        }
    }

    private ChildJvm child(Set<Component> components) {
        List<String> arguments = new ArrayList<>();
        arguments.add(folder.map(Path::toString).orElse(""));
        components.forEach(component -> arguments.add(component.name()));
        List<String> options = List.of(
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                // What a crash writes goes into the report, not into files beside the user's.
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + (Path.of("/dev/null").toFile().exists() ? "/dev/null" : "NUL"));
        return new ChildJvm(GpuProbe.class, arguments, options, Map.of(), limit);
    }

    /// Keeps what a child said.
    ///
    /// @return the components that it had begun to ask
    private List<Component> record(List<String> printed) {
        List<Component> begun = new ArrayList<>();
        for (String text : printed) {
            ProbeLine.parse(text).ifPresent(line -> {
                if (line instanceof ProbeLine.Begin(Component component)) {
                    begun.add(component);
                }
                if (!begun.isEmpty()) {
                    lines.computeIfAbsent(begun.getLast(), c -> new ArrayList<>())
                            .add(line);
                }
            });
        }
        return begun;
    }

    /// How a child ended, without what it said to us.
    private String describe(ChildJvm.Ended ended) {
        if (ended.timedOut()) {
            return "did not answer within " + limit.toSeconds() + " s and was ended";
        }
        List<String> own = ended.lines().stream()
                .filter(line -> ProbeLine.parse(line).isEmpty() && !line.isBlank() && !line.startsWith("WARNING"))
                .toList();
        Optional<String> frame = after(own, "# C  [");
        if (frame.isPresent()) {
            return "crashed ("
                    + after(own, "#  SIG")
                            .map(signal -> "SIG" + signal.split(" ", 2)[0])
                            .orElse("signal") + " in [" + frame.get() + ")";
        }
        return new ChildJvm.Ended(ended.exitCode(), false, own).describe();
    }

    /// Rest of the first line that begins so, as in the JVM's own account of a crash.
    private static Optional<String> after(List<String> lines, String beginning) {
        return lines.stream()
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .map(line -> line.substring(beginning.length()).strip());
    }

    private List<Gpu> gpus() {
        List<ProbeLine> said = lines.getOrDefault(Component.DRIVER, List.of());
        List<Gpu> gpus = new ArrayList<>();
        for (ProbeLine line : said) {
            if (line
                    instanceof
                    ProbeLine.Device(int index, String name, int major, int minor, long bytes, String uuid)) {
                Optional<ProbeLine.Memory> memory = said.stream()
                        .filter(ProbeLine.Memory.class::isInstance)
                        .map(ProbeLine.Memory.class::cast)
                        .filter(m -> m.index() == index)
                        .findFirst();
                gpus.add(new Gpu(
                        index,
                        name,
                        new ComputeCapability(major, minor),
                        bytes,
                        memory.map(ProbeLine.Memory::freeBytes)
                                .filter(free -> free >= 0)
                                .map(OptionalLong::of)
                                .orElse(OptionalLong.empty()),
                        memory.map(ProbeLine.Memory::problem).filter(problem -> !problem.isEmpty()),
                        Optional.of(uuid).filter(text -> !text.isEmpty())));
            }
        }
        return gpus;
    }
}
