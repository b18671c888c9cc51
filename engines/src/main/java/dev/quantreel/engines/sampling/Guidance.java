package dev.quantreel.engines.sampling;

/// Classifier-free guidance of one model.
///
/// @param cfg strength; 1 leaves the unconditional branch out
/// @param passes how the two branches run
public record Guidance(double cfg, Passes passes) {

    /// How the two branches of guidance run through the blocks. The results are the same up to rounding.
    public enum Passes {
        /// One after the other: least memory.
        SERIAL,
        /// Both in one pass, which reads and unpacks every weight once; its activations take twice the memory. A step
        /// that the step cache leaves out in one branch only runs the other branch alone.
        BATCHED
    }

    /// One branch after the other.
    public static Guidance serial(double cfg) {
        return new Guidance(cfg, Passes.SERIAL);
    }

    /// Whether there are two branches.
    public boolean isGuided() {
        return cfg != 1;
    }
}
