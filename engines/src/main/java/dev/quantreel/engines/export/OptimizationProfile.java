package dev.quantreel.engines.export;

import dev.quantreel.engines.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The shapes that a graph is to run with, as builders of GPU engines ask for them: TensorRT's optimisation
/// profile. It lies as a small JSON beside the `.onnx` file ([#beside]).
///
/// @param model name of the graph
/// @param inputs every input of the graph, in its order
public record OptimizationProfile(String model, List<Input> inputs) {

    /// Version of the document.
    public static final int VERSION = 1;

    public OptimizationProfile {
        inputs = List.copyOf(inputs);
    }

    /// One input.
    ///
    /// @param name of the graph's input
    /// @param dtype of its elements
    /// @param shape extents on every axis
    /// @param values of a shape tensor: an input (I64, at most one axis) whose elements are read as extents,
    /// such as the grid of tokens that a head lays its result out in; builders need their range, not only how
    /// many there are
    public record Input(String name, DType dtype, Extents shape, Optional<Extents> values) {

        public Input {
            if (values.isPresent() && (dtype != DType.I64 || shape.opt().size() > 1)) {
                throw new IllegalArgumentException("input " + name + " is " + dtype + " " + shape.opt()
                        + "; only I64 of at most one axis has" + " values that are extents");
            }
        }

        /// Whether all shapes of the range, and all values, are the same.
        public boolean isFixed() {
            return shape.isFixed() && values.map(Extents::isFixed).orElse(true);
        }
    }

    /// The least, the usual (what an engine is tuned for) and the largest extents.
    ///
    /// @param min of each axis
    /// @param opt between the others on each axis
    /// @param max of each axis
    public record Extents(List<Long> min, List<Long> opt, List<Long> max) {

        public Extents {
            min = List.copyOf(min);
            opt = List.copyOf(opt);
            max = List.copyOf(max);
            boolean ordered = min.size() == opt.size() && opt.size() == max.size();
            for (int axis = 0; ordered && axis < opt.size(); axis++) {
                ordered = 0 <= min.get(axis) && min.get(axis) <= opt.get(axis) && opt.get(axis) <= max.get(axis);
            }
            if (!ordered) {
                throw new IllegalArgumentException("extents " + min + ", " + opt + ", " + max
                        + " are not in order; accepted are 0 <= min <= opt <= max on every axis of the same rank");
            }
        }

        public static Extents fixed(List<Long> extents) {
            return new Extents(extents, extents, extents);
        }

        public boolean isFixed() {
            return min.equals(opt) && opt.equals(max);
        }
    }

    /// Where the profile of a model's file lies.
    public static Path beside(Path onnx) {
        return onnx.resolveSibling(onnx.getFileName() + ".profile.json");
    }

    /// The input of a name.
    public Optional<Input> input(String name) {
        return inputs.stream().filter(input -> input.name().equals(name)).findFirst();
    }

    /// As a JSON document.
    public String toJson() {
        return ProfileJson.write(this);
    }

    /// @param what names the document in messages
    /// @throws IllegalArgumentException naming the document and the field that is missing or wrong
    public static OptimizationProfile parse(String what, String json) {
        return ProfileJson.parse(what, json);
    }

    /// @throws IOException when the file cannot be read
    /// @throws IllegalArgumentException as [#parse]
    public static OptimizationProfile read(Path file) throws IOException {
        return parse(file.toString(), Files.readString(file));
    }
}
