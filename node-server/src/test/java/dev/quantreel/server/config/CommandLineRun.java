package dev.quantreel.server.config;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import picocli.CommandLine;

/// What a command line printed and ended with, as `Main` runs it.
record CommandLineRun(int code, String out, String err) {

    static final CommandLineRun NONE = new CommandLineRun(-1, "", "");

    static CommandLineRun quantreel(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int code = line.execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
        return new CommandLineRun(code, out.toString(), err.toString());
    }
}
