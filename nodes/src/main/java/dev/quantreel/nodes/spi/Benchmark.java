package dev.quantreel.nodes.spi;

import java.io.PrintStream;
import java.util.List;

/// A measurement that the command line offers as `quantreel bench NAME`; found through [java.util.ServiceLoader].
///
/// Contract: the public no-argument constructor does no work; [#run] is called once, on one thread.
public interface Benchmark {

    /// The word after `bench`.
    String name();

    /// One line that says what is measured.
    String summary();

    /// Measures and prints.
    ///
    /// @param arguments what followed the name
    /// @param folders where models lie and results go
    /// @param out where the table goes
    /// @return exit code, 0 when everything was measured
    /// @throws Exception when it could not be measured, with a message that names the reason
    int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception;
}
