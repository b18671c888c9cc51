package dev.quantreel.engines.onnx;

/// A named edge of a graph under construction; belongs to the builder that made it.
public record Value(OnnxGraphBuilder owner, String name) {

    @Override
    public String toString() {
        return name;
    }
}
