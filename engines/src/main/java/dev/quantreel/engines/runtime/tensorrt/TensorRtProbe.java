package dev.quantreel.engines.runtime.tensorrt;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether TensorRT can be used.
@FunctionalInterface
interface TensorRtProbe {

    Result result();

    /// That of this machine, made when it is first asked for.
    static TensorRtProbe ofThisMachine() {
        return () -> Here.RESULT;
    }

    /// Holds what does not change while the process lives.
    final class Here {
        private static final Result RESULT = ProcessProbe.ofThisMachine().result();

        private Here() {}
    }

    /// What was found.
    sealed interface Result permits Ready, Missing {}

    /// All is there.
    ///
    /// @param version of the library, 101501
    /// @param chip the first GPU
    /// @param memoryBytes of the GPU
    record Ready(int version, Chip chip, long memoryBytes) implements Result {

        private static final Pattern TEXT =
                Pattern.compile("version=(\\d{5,6}) major=(\\d{1,3}) minor=(\\d) bytes=(\\d{1,15}) name=(.+)");

        String versionText() {
            return TensorRtBindings.versionText(version);
        }

        /// In one line, for [#parse].
        String text() {
            return "version=" + version + " major=" + chip.major() + " minor=" + chip.minor() + " bytes=" + memoryBytes
                    + " name=" + chip.name();
        }

        static Optional<Ready> parse(String text) {
            Matcher matcher = TEXT.matcher(text);
            if (!matcher.matches()) {
                return Optional.empty();
            }
            Chip chip =
                    new Chip(matcher.group(5), Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3)));
            return Optional.of(new Ready(Integer.parseInt(matcher.group(1)), chip, Long.parseLong(matcher.group(4))));
        }
    }

    /// Something is missing.
    ///
    /// @param reason what, and what to install
    record Missing(String reason) implements Result {}
}
