package dev.quantreel.server.config;

import dev.quantreel.server.workflow.WorkflowException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.logging.LogManager;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Starts Quantreel.
@Command(
        name = "quantreel",
        description = "Quantizes and runs video diffusion transformers as graphs of nodes.",
        mixinStandardHelpOptions = true,
        footer = {
            "  install   Fetches what is optional: `install` tells what and what for.",
            "  test      Runs all tests of the source tree.",
            "            (These two are the launcher's own commands.)"
        },
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ServeCommand.class,
            RunCommand.class,
            NodesCommand.class,
            ModelsCommand.class,
            ConvertCommand.class,
            ExportCommand.class,
            QuantizeCommand.class,
            DoctorCommand.class,
            GpuCheckCommand.class,
            EnginesCommand.class,
            BenchCommand.class,
            SynthCommand.class,
            InspectCommand.class
        })
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /// Ends the process with 0 on success, 1 when a workflow fails, 2 when something asked for cannot be.
    public static void main(String[] arguments) {
        configureLogging();
        int code = commandLine().execute(arguments);
        System.exit(code);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setUsageHelpAutoWidth(true);
        Objects.requireNonNull(line.getSubcommands().get("bench")).setUnmatchedOptionsArePositionalParams(true);
        line.setExecutionExceptionHandler((exception, command, result) -> {
            boolean expected = exception instanceof ConfigException || exception instanceof WorkflowException;
            command.getErr().println("quantreel: " + (expected ? exception.getMessage() : exception.toString()));
            if (!expected) {
                exception.printStackTrace(command.getErr());
            }
            command.getErr().flush();
            return expected ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
        });
        return line;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static void configureLogging() {
        boolean chosen = System.getProperty("java.util.logging.config.file") != null;
        try (InputStream settings = Main.class.getResourceAsStream("logging.properties")) {
            if (!chosen && settings != null) {
                LogManager.getLogManager().readConfiguration(settings);
            }
        } catch (IOException e) {
            System.err.println("quantreel: logging cannot be set up: " + e.getMessage());
        }
    }
}
