package dev.quantreel.nodes.report;

import dev.quantreel.nodes.spi.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// One row of a sweep: inputs of nodes before it that take the same place in their values together.
///
/// @param targets one input each
/// @param values as many as there are targets, equally long
record SweepAxis(List<Target> targets, List<SweepValues> values) {

    SweepAxis {
        targets = List.copyOf(targets);
        values = List.copyOf(values);
    }

    /// An input of a node.
    ///
    /// @param nodeId in the workflow
    /// @param label for tables, `BGR Quantize.bits`
    record Target(String nodeId, String input, String label) {}

    /// The rows of a text, without empty ones and those that begin with `#`.
    ///
    /// @throws IllegalArgumentException when a row has another form or names what is not there; the message has the
    /// row
    static List<SweepAxis> of(String text, List<Upstream.Source> sources) {
        List<SweepAxis> axes = new ArrayList<>();
        for (String line : text.lines().map(String::strip).toList()) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                try {
                    axes.add(row(line, sources));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("row '" + line + "': " + e.getMessage(), e);
                }
            }
        }
        List<Target> all =
                axes.stream().flatMap(axis -> axis.targets().stream()).toList();
        for (Target target : all) {
            if (all.indexOf(target) != all.lastIndexOf(target)) {
                throw new IllegalArgumentException(
                        target.label() + " is varied by two rows; accepted is each input once");
            }
        }
        return axes;
    }

    private static SweepAxis row(String line, List<Upstream.Source> sources) {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new IllegalArgumentException(
                    "accepted is Node.input = values, for example BGR Quantize.bits = 3, 4, 6");
        }
        List<Target> targets = new ArrayList<>();
        for (String name : line.substring(0, equals).split("&", -1)) {
            targets.add(target(name.strip(), sources));
        }
        List<SweepValues> values = targets.size() == 1
                ? List.of(SweepValues.of(line.substring(equals + 1).strip()))
                : joined(line.substring(equals + 1), targets.size());
        return new SweepAxis(targets, values);
    }

    /// `4 & 8, 3 & 6`: one value for each target, then the next ones.
    private static List<SweepValues> joined(String text, int targets) {
        List<StringBuilder> columns = new ArrayList<>();
        for (int i = 0; i < targets; i++) {
            columns.add(new StringBuilder());
        }
        for (String group : text.split(",", -1)) {
            String[] parts = group.split("&", -1);
            if (parts.length != targets) {
                throw new IllegalArgumentException("'" + group.strip() + "' has " + parts.length + " values for "
                        + targets + " inputs; accepted is for example 4 & 8, 3 & 6");
            }
            for (int i = 0; i < targets; i++) {
                columns.get(i).append(columns.get(i).isEmpty() ? "" : ",").append(parts[i].strip());
            }
        }
        List<SweepValues> values = columns.stream()
                .map(column -> SweepValues.of(column.toString()))
                .toList();
        if (values.stream().mapToLong(SweepValues::count).distinct().count() > 1) {
            throw new IllegalArgumentException("ranges that go together have different lengths");
        }
        return values;
    }

    private static Target target(String name, List<Upstream.Source> sources) {
        int dot = name.lastIndexOf('.');
        String node = dot < 0 ? "" : name.substring(0, dot).strip();
        String input = name.substring(dot + 1).strip();
        List<Upstream.Source> found = sources.stream()
                .filter(source -> node.equals(source.id()) || node.equals(source.title()) || node.equals(source.kind()))
                .toList();
        if (found.size() > 1) {
            throw new IllegalArgumentException(found.size() + " nodes are called '" + node
                    + "'; accepted are their ids "
                    + found.stream().map(Upstream.Source::id).toList() + " instead");
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("no node before this one is called '" + node + "'; accepted are "
                    + sources.stream()
                            .filter(source -> !source.inputs().isEmpty())
                            .map(source -> source.title() + " " + source.inputs())
                            .collect(Collectors.joining(", ")));
        }
        Upstream.Source source = found.getFirst();
        if (!source.inputs().contains(input)) {
            throw new IllegalArgumentException(
                    node + " has no value called '" + input + "'; accepted are " + source.inputs());
        }
        return new Target(source.id(), input, source.title() + "." + input);
    }

    /// How many places there are.
    long count() {
        return values.getFirst().count();
    }

    /// What a place changes.
    List<Upstream.Change> changes(long index) {
        List<Upstream.Change> changes = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            Target target = targets.get(i);
            changes.add(new Upstream.Change(
                    target.nodeId(), target.input(), values.get(i).value(index)));
        }
        return changes;
    }
}
