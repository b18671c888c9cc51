package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// How a graph runs for inputs of given shapes. Immutable.
///
/// @param steps in order
/// @param inputs where the graph's inputs are copied to; inputs that are known, or that nothing reads, are missing
/// @param outputs the graph's outputs in their order
/// @param constants what has to be in the buffers of constants
/// @param arena where everything lies that a run makes
/// @param joints how often operators of the graph were joined, by what became of them
public record GraphPlan(
        List<Step> steps,
        Map<String, View> inputs,
        SequencedMap<String, Operand> outputs,
        Map<Buffer, Tensor> constants,
        ArenaLayout arena,
        Map<Joint, Integer> joints) {

    public GraphPlan {
        steps = List.copyOf(steps);
        joints = Map.copyOf(joints);
    }

    /// How often something was joined.
    public int count(Joint joint) {
        return joints.getOrDefault(joint, 0);
    }

    /// What was joined, for people; empty where nothing was.
    public String summary() {
        return new TreeMap<>(joints)
                .entrySet().stream()
                        .map(entry -> entry.getKey().text() + " " + entry.getValue())
                        .collect(Collectors.joining(", "));
    }

    /// Bytes of the constants.
    public long constantBytes() {
        return constants.keySet().stream().mapToLong(Buffer::bytes).sum();
    }
}
