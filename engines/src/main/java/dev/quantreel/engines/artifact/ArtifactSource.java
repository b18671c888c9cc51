package dev.quantreel.engines.artifact;

/// What an artifact was made from.
///
/// @param name file name without folder
/// @param digest see [dev.quantreel.engines.tensor.Checkpoint#digest]
/// @param bytes of its tensors as they are stored
/// @param format container and precision, for people
public record ArtifactSource(String name, String digest, long bytes, String format) {

    static final int DIGEST_DIGITS = 64;

    /// The same source, its digest known.
    ArtifactSource with(String newDigest) {
        return new ArtifactSource(name, newDigest, bytes, format);
    }
}
