package dev.quantreel.engines.runtime.cuda.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What ptxas says of a kernel with `-v`.
///
/// @param registers per thread
/// @param stackBytes per thread: spilled registers, and arrays that are indexed by a variable
/// @param spillBytes stores and loads of spilled registers
/// @param sharedBytes static shared memory per block
record CompilerReport(String kernel, int registers, int stackBytes, int spillBytes, int sharedBytes) {

    private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(\\w+)'");
    private static final Pattern STACK =
            Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
    private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    /// The kernels of a report in its order.
    static List<CompilerReport> parse(String log) {
        List<CompilerReport> reports = new ArrayList<>();
        Matcher entry = ENTRY.matcher(log);
        while (entry.find()) {
            int next = log.indexOf("Compiling entry function", entry.end());
            String part = log.substring(entry.end(), next < 0 ? log.length() : next);
            Matcher stack = STACK.matcher(part);
            boolean known = stack.find();
            reports.add(new CompilerReport(
                    entry.group(1),
                    number(REGISTERS, part),
                    known ? Integer.parseInt(stack.group(1)) : -1,
                    known ? Integer.parseInt(stack.group(2)) + Integer.parseInt(stack.group(3)) : -1,
                    Math.max(0, number(SHARED, part))));
        }
        return reports;
    }

    private static int number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }
}
