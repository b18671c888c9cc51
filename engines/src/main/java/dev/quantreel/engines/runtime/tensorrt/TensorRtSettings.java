package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.Optional;

/// How an engine of ours makes engines of TensorRT.
///
/// @param cache folder where they are kept
/// @param cacheBytes that the folder may take; the engine just built always stays
/// @param label what they compute in, for people ([EngineKind#label])
/// @param build how they are built
/// @param profiles the shapes that a graph is for
public record TensorRtSettings(Path cache, long cacheBytes, String label, BuildOptions build, Profiles profiles) {

    /// Room for the engines of two models of 14 billion weights in 8 and 4 bits.
    public static final long CACHE_BYTES = 64L << 30;

    /// The shapes that graphs are for.
    @FunctionalInterface
    public interface Profiles {

        /// Whatever comes: an engine is built for the shapes of the first run, and anew for wider ones when they come.
        Profiles AS_THEY_COME = model -> Optional.empty();

        /// Empty where shapes are not known beforehand.
        Optional<OptimizationProfile> of(OnnxModel model);
    }

    /// TensorRT's own choices, engines kept in the user's cache folder.
    public static TensorRtSettings defaults() {
        return new TensorRtSettings(
                Path.of(System.getProperty("user.home", "."), ".cache", "quantreel", "tensorrt"),
                CACHE_BYTES,
                "as the graph says",
                BuildOptions.DEFAULTS,
                Profiles.AS_THEY_COME);
    }

    /// The same with engines in another folder.
    public TensorRtSettings withCache(Path folder) {
        return new TensorRtSettings(folder, cacheBytes, label, build, profiles);
    }

    /// The same for graphs whose shapes are known.
    ///
    /// @param newLabel of their engines
    public TensorRtSettings with(String newLabel, Profiles newProfiles) {
        return new TensorRtSettings(cache, cacheBytes, newLabel, build, newProfiles);
    }
}
