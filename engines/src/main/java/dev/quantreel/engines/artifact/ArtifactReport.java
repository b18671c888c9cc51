package dev.quantreel.engines.artifact;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.quant.QuantizationError;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What an artifact is and how good, from its header and figures; no weight is read.
///
/// @param header recipe, source, tool
/// @param layers figures layer by layer, in the order of the model
/// @param parameters weights of the whole model
/// @param tensorBytes bytes of all tensors of the file
public record ArtifactReport(ArtifactHeader header, List<Layer> layers, long parameters, long tensorBytes) {

    public ArtifactReport {
        layers = List.copyOf(layers);
    }

    /// @param weights elements of the matrix
    /// @param error what quantization did
    public record Layer(ArtifactLayer layer, long weights, QuantizationError error) {

        /// Root of the mean squared error over the deviation of the weights.
        public double relativeError() {
            return Math.sqrt(error.relativeMse());
        }

        private double variance() {
            return error.relativeMse() > 0 ? error.mse() / error.relativeMse() : 0;
        }
    }

    /// Reads a report; empty when the file is no artifact.
    public static Optional<ArtifactReport> of(CheckpointFile file) {
        return Artifact.of(file.stored()).map(artifact -> of(file, artifact));
    }

    private static ArtifactReport of(CheckpointFile file, Artifact artifact) {
        Checkpoint stored = file.stored();
        List<Layer> layers = new ArrayList<>();
        for (ArtifactLayer layer : artifact.header().layers().values()) {
            long weights = (long) artifact.rows(layer) * layer.columns();
            layers.add(new Layer(layer, weights, artifact.figures(layer)));
        }
        long parameters = 0;
        for (String name : file.names()) {
            parameters += file.shape(name).elements();
        }
        long bytes = 0;
        for (String name : stored.names()) {
            bytes += stored.storedBytes(name);
        }
        return new ArtifactReport(artifact.header(), layers, parameters, bytes);
    }

    /// How many times smaller than the whole model in 16 bits.
    public double ratio() {
        return 2.0 * parameters / tensorBytes;
    }

    /// Bits that a weight of the model takes on average, with grids and all that is kept.
    public double bitsPerWeight() {
        return 8.0 * tensorBytes / parameters;
    }

    /// Root of the squared errors over the squared deviations of all quantized weights.
    public double relativeError() {
        double errors = layers.stream()
                .mapToDouble(layer -> layer.error().mse() * layer.weights())
                .sum();
        double squares = layers.stream()
                .mapToDouble(layer -> layer.variance() * layer.weights())
                .sum();
        return squares > 0 ? Math.sqrt(errors / squares) : 0;
    }

    /// The layer with the largest relative error.
    public Layer worst() {
        return layers.stream()
                .max(Comparator.comparingDouble(Layer::relativeError))
                .orElseThrow();
    }
}
