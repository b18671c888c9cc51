package dev.quantreel.engines.tensor;

import java.util.Comparator;
import java.util.List;

/// The answer to a name that a checkpoint does not have: an exception that lists the nearest names it has.
public final class MissingTensor {

    private static final int SUGGESTIONS = 3;
    private static final int COMPARED = 20_000;

    private MissingTensor() {}

    /// @return to be thrown: names the source, the tensor and up to three names at the least edit distance
    public static IllegalArgumentException of(Checkpoint checkpoint, String name) {
        List<String> nearest = checkpoint.names().stream()
                .limit(COMPARED)
                .sorted(Comparator.comparingInt((String candidate) -> distance(name, candidate))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(SUGGESTIONS)
                .toList();
        String hint = nearest.isEmpty() ? "it holds no tensors" : "nearest names: " + String.join(", ", nearest);
        return new IllegalArgumentException(checkpoint.source() + ": no tensor named '" + name + "'; " + hint);
    }

    /// Levenshtein distance by one row.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
