package dev.quantreel.engines.export;

/// What to do with a weight that a form cannot hold as the plan made it.
public enum RecodingPolicy {
    /// Round it anew and say by how much it changed.
    REQUANTIZE,
    /// Refuse it, naming the layer.
    REFUSE
}
