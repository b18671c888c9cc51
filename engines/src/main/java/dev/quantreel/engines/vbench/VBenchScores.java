package dev.quantreel.engines.vbench;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.vbench.Preparation.Planes;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Scores of a clip in those of VBench's learned dimensions whose networks are there; the others are named by the
/// files that they lack, and nothing stands in for them. VBench's other networks (RAFT, GRiT, ViCLIP, ...) are not
/// asked for. Clips of fewer than three frames have no motion smoothness, which is absent then without a file to
/// name.
///
/// @param scores 0 to 1, higher is better
/// @param absent dimensions that were not measured, with the files that were not found
public record VBenchScores(Map<VBenchDimension, Double> scores, SequencedMap<VBenchDimension, List<String>> absent) {

    private static final double BEST_AESTHETIC = 10;
    private static final double BEST_IMAGING = 100;

    public VBenchScores {
        scores = Map.copyOf(scores);
        absent = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(absent));
    }

    /// Measures a clip; networks are opened one after the other.
    ///
    /// @param networks file names onto files, of those that the user has
    /// @throws IOException when a file is no network or does not take its input; names it
    /// @throws java.util.concurrent.CancellationException when asked to stop
    public static VBenchScores of(Frames frames, Map<String, Path> networks, CancellationToken cancellation)
            throws IOException {
        Map<VBenchDimension, Double> scores = new EnumMap<>(VBenchDimension.class);
        SequencedMap<VBenchDimension, List<String>> absent = new LinkedHashMap<>();
        for (VBenchDimension dimension : VBenchDimension.values()) {
            List<Path> found = new ArrayList<>();
            List<String> missing = new ArrayList<>();
            for (String name : dimension.files()) {
                Path file = networks.get(name);
                if (file != null && Files.isRegularFile(file)) {
                    found.add(file);
                } else {
                    missing.add(name);
                }
            }
            if (frames.count() < dimension.leastFrames()) {
                absent.put(dimension, List.of());
            } else if (missing.isEmpty()) {
                scores.put(dimension, score(dimension, found, frames, cancellation));
            } else {
                absent.put(dimension, List.copyOf(missing));
            }
        }
        return new VBenchScores(scores, absent);
    }

    private static double score(
            VBenchDimension dimension, List<Path> files, Frames frames, CancellationToken cancellation)
            throws IOException {
        return switch (dimension) {
            case SUBJECT_CONSISTENCY -> consistency(outputs(files.getFirst(), Preparation.DINO, frames, cancellation));
            case BACKGROUND_CONSISTENCY ->
                consistency(outputs(files.getFirst(), Preparation.CLIP, frames, cancellation));
            case AESTHETIC_QUALITY ->
                aesthetic(outputs(files.getFirst(), Preparation.CLIP, frames, cancellation), files.getLast());
            case IMAGING_QUALITY ->
                mean(outputs(files.getFirst(), Preparation.MUSIQ, frames, cancellation)) / BEST_IMAGING;
            case MOTION_SMOOTHNESS -> MotionSmoothness.of(frames, files.getFirst(), cancellation);
        };
    }

    private static List<float[]> outputs(
            Path file, Preparation preparation, Frames frames, CancellationToken cancellation) throws IOException {
        List<float[]> outputs = new ArrayList<>();
        try (SuppliedNetwork network = SuppliedNetwork.open(file)) {
            for (int i = 0; i < frames.count(); i++) {
                cancellation.throwIfCancelled();
                Planes planes = preparation.of(frames, i);
                outputs.add(network.run(planes.values(), 1, 3, planes.height(), planes.width()));
            }
        }
        return outputs;
    }

    /// Mean over the frames after the first of the cosines with the one before and with the first, negative ones
    /// taken as 0. A single frame is consistent.
    static double consistency(List<float[]> features) {
        double sum = 0;
        for (int i = 1; i < features.size(); i++) {
            sum += (Math.max(0, cosine(features.get(i), features.get(i - 1)))
                            + Math.max(0, cosine(features.get(i), features.getFirst())))
                    / 2;
        }
        return features.size() < 2 ? 1 : sum / (features.size() - 1);
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
        }
        return product / Math.max(norm(a) * norm(b), 1e-12);
    }

    private static double norm(float[] a) {
        double squares = 0;
        for (float value : a) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static double aesthetic(List<float[]> features, Path head) throws IOException {
        List<float[]> scores = new ArrayList<>();
        try (SuppliedNetwork network = SuppliedNetwork.open(head)) {
            for (float[] feature : features) {
                float[] unit = feature.clone();
                double norm = Math.max(norm(feature), 1e-12);
                for (int i = 0; i < unit.length; i++) {
                    unit[i] = (float) (unit[i] / norm);
                }
                scores.add(network.run(unit, 1, unit.length));
            }
        }
        return mean(scores) / BEST_AESTHETIC;
    }

    private static double mean(List<float[]> scores) {
        return scores.stream().mapToDouble(score -> score[0]).average().orElseThrow();
    }
}
