package dev.quantreel.engines.onnx;

/// One extent in the declared shape of a graph input or output.
public sealed interface Dim {

    /// @param size number of elements along the axis
    record Fixed(long size) implements Dim {}

    /// @param name symbol, equal extents share it, for example `tokens`
    record Symbol(String name) implements Dim {}

    static Dim of(long size) {
        return new Fixed(size);
    }

    static Dim of(String name) {
        return new Symbol(name);
    }
}
