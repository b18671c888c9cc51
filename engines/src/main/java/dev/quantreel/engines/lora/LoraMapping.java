package dev.quantreel.engines.lora;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// Finds the tensors of a model that a LoRA means, in whatever layout either of them is: a name in any layout of the
/// family stands for one or several canonical tensors, each of which lies somewhere in the model's file.
final class LoraMapping {

    /// Adds a part of a delta to a part of a tensor of the model's file.
    ///
    /// @param canonical tensor of the model that is changed
    /// @param delta what the LoRA adds
    /// @param from where the part lies in the delta
    /// @param to where it goes in the tensor
    record Placement(String canonical, LoraDelta delta, Corner from, Corner to, long rows, long columns) {}

    /// Row and column of the first element of a part.
    record Corner(long row, long column) {}

    private final TransformerCheckpoint model;
    private final LoraFile lora;
    private final SequencedMap<String, List<Placement>> placements = new LinkedHashMap<>();
    private final List<String> unmatched = new ArrayList<>();

    private LoraMapping(TransformerCheckpoint model, LoraFile lora) {
        this.model = model;
        this.lora = lora;
    }

    /// @throws UnsupportedCheckpointException when most of the LoRA finds no tensor, or finds one of another shape
    static LoraMapping of(TransformerCheckpoint model, LoraFile lora) {
        Map<String, List<Part>> names = names(model, lora);
        LoraMapping mapping = new LoraMapping(model, lora);
        lora.deltas().forEach((target, delta) -> {
            List<Part> parts = names.get(target);
            if (parts == null) {
                mapping.unmatched.add(target);
            } else {
                parts.forEach(part -> mapping.place(target, delta, part));
            }
        });
        mapping.requireMost();
        return mapping;
    }

    /// A canonical tensor and where it lies within the tensor that a layout knows.
    private record Part(String canonical, TensorSlice slice) {}

    /// The layout under whose names most of the LoRA is found.
    private static Map<String, List<Part>> names(TransformerCheckpoint model, LoraFile lora) {
        Map<String, List<Part>> best = Map.of();
        long most = -1;
        for (KeyLayout layout : model.family().layouts()) {
            Map<String, List<Part>> names = new LinkedHashMap<>();
            for (String canonical : model.names()) {
                TensorSlice slice = layout.locate(canonical);
                String name = lora.underscored() ? slice.name().replace('.', '_') : slice.name();
                names.computeIfAbsent(name, missing -> new ArrayList<>()).add(new Part(canonical, slice));
            }
            long found =
                    lora.deltas().keySet().stream().filter(names::containsKey).count();
            if (found > most) {
                most = found;
                best = names;
            }
        }
        return best;
    }

    private void place(String target, LoraDelta delta, Part part) {
        Shape shape = model.shape(part.canonical());
        long rows = LoraDelta.rows(shape);
        long columns = LoraDelta.columns(shape);
        TensorSlice slice = part.slice();
        Corner from = corner(slice, rows, columns);
        boolean fits = delta.rows() == (slice.axis() == 0 ? rows / slice.count() * slice.parts() : rows)
                && delta.columns() == (slice.axis() == 1 ? columns / slice.count() * slice.parts() : columns);
        if (!fits) {
            throw new UnsupportedCheckpointException(
                    lora.source(),
                    "changes " + target + " by a matrix [" + delta.rows() + "x" + delta.columns() + "], but "
                            + model.source() + " (" + model.facts().variant() + ") has ["
                            + rows * slice.parts() / slice.count()
                            + "x" + columns + "] there: the LoRA was made for a model of another size");
        }
        TensorSlice stored = model.slice(part.canonical());
        placements
                .computeIfAbsent(stored.name(), missing -> new ArrayList<>())
                .add(new Placement(part.canonical(), delta, from, corner(stored, rows, columns), rows, columns));
    }

    /// Where a slice of `rows` and `columns` begins within the tensor it is cut from.
    private static Corner corner(TensorSlice slice, long rows, long columns) {
        return slice.axis() == 0
                ? new Corner(rows / slice.count() * slice.first(), 0)
                : new Corner(0, columns / slice.count() * slice.first());
    }

    private void requireMost() {
        int matched = lora.size() - unmatched.size();
        if (2 * matched >= lora.size()) {
            return;
        }
        String fits = LoraOrigin.of(lora.file())
                .map(origin -> "this is a LoRA for " + origin + "; ")
                .orElse("");
        throw new UnsupportedCheckpointException(
                lora.source(),
                fits + matched + " of the " + lora.size() + " tensors it changes exist in " + model.source() + " ("
                        + model.facts().variant() + "), not for example " + unmatched.getFirst()
                        + "; use a LoRA that was trained for " + model.family().title());
    }

    /// What to add, by tensor of the model's file.
    Map<String, List<Placement>> placements() {
        return placements;
    }

    /// Changed tensors that the model does not have.
    List<String> unmatched() {
        return List.copyOf(unmatched);
    }

    static Optional<String> refusal(TransformerCheckpoint model, LoraFile lora) {
        try {
            of(model, lora);
            return Optional.empty();
        } catch (UnsupportedCheckpointException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    static boolean namesMatch(TransformerCheckpoint model, LoraFile lora) {
        return lora.deltas().keySet().stream().anyMatch(names(model, lora)::containsKey);
    }
}
