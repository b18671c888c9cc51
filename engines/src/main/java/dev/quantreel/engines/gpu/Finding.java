package dev.quantreel.engines.gpu;

/// What was found of a [Component].
public sealed interface Finding {

    /// It is here and fits.
    ///
    /// @param version as people write it, for example `13.0`
    /// @param path file it was loaded from; empty where the system does not tell
    record Found(String version, String path) implements Finding {}

    /// It is here, in a version that does not fit.
    ///
    /// @param version what is here
    /// @param path file it was loaded from; empty where the system does not tell
    /// @param reason why it does not fit
    /// @param remedy what to install
    record Unfit(String version, String path, String reason, String remedy) implements Finding {}

    /// It is not here.
    ///
    /// @param reason what the system's loader says
    /// @param remedy what to install
    record Missing(String reason, String remedy) implements Finding {}

    /// It is here and does not work: an error of its own, or the process that asked it died or hung.
    ///
    /// @param reason what happened
    /// @param remedy what to try
    record Broken(String reason, String remedy) implements Finding {}

    /// Whether it can be used.
    default boolean fits() {
        return this instanceof Found;
    }
}
