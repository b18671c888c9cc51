package dev.quantreel.server.config;

import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.nodes.spi.Benchmark;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel bench`.
@Command(
        name = "bench",
        description = "Lists the benchmarks, or runs one.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class BenchCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "Benchmark to run, for example demo.")
    private @Nullable String name;

    @Parameters(index = "1..*", paramLabel = "ARGUMENT", description = "Arguments of the benchmark.")
    private List<String> arguments = List.of();

    @Override
    public Integer call() throws Exception {
        List<Benchmark> known = ServiceLoader.load(Benchmark.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        if (name == null) {
            known.forEach(benchmark -> out.printf("%-12s %s%n", benchmark.name(), benchmark.summary()));
            out.println(known.size() + " benchmarks; `quantreel bench NAME` runs one");
            out.flush();
            return 0;
        }
        Benchmark chosen = known.stream()
                .filter(benchmark -> benchmark.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new ConfigException("there is no benchmark '" + name + "'; there are "
                        + known.stream().map(Benchmark::name).toList()));
        Application application = Application.create(folders.config(Optional.empty()));
        application.prepareFolders();
        PrintStream stream = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            return chosen.run(arguments, application.folders(), stream);
        } catch (IllegalArgumentException | CheckpointException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }
}
