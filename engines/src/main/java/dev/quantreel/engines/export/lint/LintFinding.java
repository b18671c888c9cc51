package dev.quantreel.engines.export.lint;

import java.util.Locale;

/// Something that TensorRT would not take, or of which nobody has shown that it does.
///
/// @param severity whether it stops an engine from being built
/// @param node name of the node, or what else it is (`input tokens`, `model`)
/// @param op its operator; empty for what is no node
/// @param input name of the value at fault; empty where it is the node itself
/// @param value what was found
/// @param accepted what TensorRT takes
public record LintFinding(Severity severity, String node, String op, String input, String value, String accepted) {

    /// How bad it is.
    public enum Severity {
        /// TensorRT refuses it, by its documentation or its parser's source.
        REFUSED,
        /// Documented nowhere either way; to be tried on a GPU.
        UNPROVEN
    }

    @Override
    public String toString() {
        String place = op.isEmpty() ? node : node + " (" + op + ")";
        String what = input.isEmpty() || input.equals(node) ? "" : ", input " + input;
        return severity.name().toLowerCase(Locale.ROOT) + ": " + place + what + ": " + value + "; TensorRT takes "
                + accepted;
    }
}
