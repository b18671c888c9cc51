package dev.quantreel.engines.calibration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a graph was given in one run of a trajectory.
///
/// @param inputs names in the store by the names of the inputs
record RecordedRun(StagedEngine.Part part, Map<String, String> inputs) {

    private static final String SEPARATOR = "\t";

    RecordedRun {
        inputs = Map.copyOf(inputs);
    }

    /// As the store keeps them.
    static List<String> lines(List<RecordedRun> runs) {
        List<String> lines = new ArrayList<>();
        for (RecordedRun run : runs) {
            lines.add(run.part.name());
            new TreeMap<>(run.inputs).forEach((name, kept) -> lines.add(kept + SEPARATOR + name));
        }
        return lines;
    }

    static List<RecordedRun> of(List<String> lines) {
        List<RecordedRun> runs = new ArrayList<>();
        Map<String, String> inputs = new LinkedHashMap<>();
        for (String line : lines.reversed()) {
            int separator = line.indexOf(SEPARATOR);
            if (separator > 0) {
                inputs.put(line.substring(separator + 1), line.substring(0, separator));
            } else {
                runs.addFirst(new RecordedRun(StagedEngine.Part.valueOf(line), inputs));
                inputs = new LinkedHashMap<>();
            }
        }
        return runs;
    }
}
