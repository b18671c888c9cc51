package dev.quantreel.engines.artifact;

/// Told how writing an artifact gets on, from one thread.
@FunctionalInterface
public interface ArtifactProgress {

    /// Tells nobody.
    ArtifactProgress NONE = step -> {};

    /// @param unit tensor that is done
    /// @param sourceBytes bytes of the source behind it
    /// @param doneBytes bytes of the source behind all that is done
    /// @param totalBytes bytes of the source
    /// @param resumed whether an earlier run had written it
    record Step(String unit, long sourceBytes, long doneBytes, long totalBytes, boolean resumed) {}

    /// A tensor is in the file.
    void done(Step step);
}
