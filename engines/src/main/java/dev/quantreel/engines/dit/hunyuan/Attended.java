package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.onnx.Value;

/// How picture and text of a trunk attend to each other.
@FunctionalInterface
interface Attended {

    /// @param q `[branches, tokens + text, dim]`
    /// @param k like `q`
    /// @param v like `q`
    /// @return shaped as `q`
    Value attention(Value q, Value k, Value v);
}
