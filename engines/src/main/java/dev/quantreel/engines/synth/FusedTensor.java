package dev.quantreel.engines.synth;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TensorSlice;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// A tensor as a layout keeps it, and the canonical tensors it consists of: the inverse of [KeyLayout#locate].
///
/// @param name in the layout
/// @param shape of the whole
/// @param axis across which the parts lie side by side: 0 for rows, 1 for columns
/// @param parts in their order
record FusedTensor(String name, Shape shape, int axis, List<Part> parts) {

    FusedTensor {
        parts = List.copyOf(parts);
    }

    /// One canonical tensor.
    record Part(String canonical, Shape shape) {

        /// Values of one row: everything behind the first axis. Vectors are one row.
        long rowElements() {
            return shape.rank() < 2 ? shape.elements() : shape.elements() / shape.dim(0);
        }

        long rows() {
            return shape.rank() < 2 ? 1 : shape.dim(0);
        }
    }

    private record Located(TensorSlice slice, Part part) {}

    /// The tensors of a file, in the order in which the forward pass first needs them.
    ///
    /// @throws IllegalArgumentException when the slices of a tensor do not make up the whole of it
    static List<FusedTensor> of(SequencedMap<String, Shape> shapes, KeyLayout layout) {
        Map<String, List<Located>> located = new LinkedHashMap<>();
        shapes.forEach((canonical, shape) -> {
            TensorSlice slice = layout.locate(canonical);
            located.computeIfAbsent(slice.name(), name -> new ArrayList<>())
                    .add(new Located(slice, new Part(canonical, shape)));
        });
        List<FusedTensor> tensors = new ArrayList<>();
        located.forEach((name, slices) -> tensors.add(joined(name, slices)));
        return tensors;
    }

    private static FusedTensor joined(String name, List<Located> located) {
        List<Located> ordered = located.stream()
                .sorted(Comparator.comparingInt(part -> part.slice().first()))
                .toList();
        int next = 0;
        TensorSlice first = ordered.getFirst().slice();
        for (Located part : ordered) {
            TensorSlice slice = part.slice();
            if (slice.first() != next || slice.parts() != first.parts() || slice.axis() != first.axis()) {
                throw new IllegalArgumentException("the parts of " + name + " do not fit together at "
                        + part.part().canonical() + ": " + slice);
            }
            next += slice.count();
        }
        if (next != first.parts()) {
            throw new IllegalArgumentException(name + " has " + first.parts() + " parts, of which " + next + " exist");
        }
        List<Part> parts = ordered.stream().map(Located::part).toList();
        if (parts.size() == 1) {
            return new FusedTensor(name, parts.getFirst().shape(), 0, parts);
        }
        return new FusedTensor(name, shape(name, first.axis(), parts), first.axis(), parts);
    }

    private static Shape shape(String name, int axis, List<Part> parts) {
        long[] dims = parts.getFirst().shape().toArray();
        long extent = 0;
        for (Part part : parts) {
            long[] own = part.shape().toArray();
            extent += own[axis];
            own[axis] = dims[axis];
            if (!Shape.of(own).equals(Shape.of(dims))) {
                throw new IllegalArgumentException("the parts of " + name + " differ beyond axis " + axis + ": "
                        + part.canonical() + " is " + part.shape());
            }
        }
        dims[axis] = extent;
        return Shape.of(dims);
    }
}
