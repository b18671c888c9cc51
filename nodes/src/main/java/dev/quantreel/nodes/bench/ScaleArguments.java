package dev.quantreel.nodes.bench;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.evaluation.ScaleBenchmark.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Arguments of [ScaleTable].
///
/// @param file checkpoint; empty writes one with random weights
/// @param tokens token counts of single passes
/// @param precisions in the order of the table
/// @param counts repetitions and threads
/// @param child whether this process measures one precision for another
record ScaleArguments(
        Optional<Path> file, List<Integer> tokens, List<Precision> precisions, Counts counts, boolean child) {

    private static final String CHILD = "--child";

    /// @param passes repetitions
    /// @param threads of the engine; 0 for its own choice
    record Counts(int passes, int threads) {}

    int passes() {
        return counts.passes();
    }

    int threads() {
        return counts.threads();
    }

    /// @throws IllegalArgumentException naming what is wrong and what is accepted
    static ScaleArguments of(List<String> arguments) {
        Optional<Path> file = Optional.empty();
        List<Integer> tokens = List.of(390, 1280, 4096);
        List<Precision> precisions = List.of(Precision.values());
        int passes = 3;
        int threads = 0;
        List<String> rest = new ArrayList<>(arguments);
        boolean child = rest.remove(CHILD);
        for (int i = 0; i < rest.size(); i += 2) {
            String name = rest.get(i);
            String value = i + 1 < rest.size() ? rest.get(i + 1) : "";
            switch (name) {
                case "--file" -> file = Optional.of(Path.of(value));
                case "--tokens" ->
                    tokens = list(value).stream()
                            .map(word -> number(name, word, 1))
                            .toList();
                case "--precisions" ->
                    precisions = list(value).stream().map(Precision::of).toList();
                case "--passes" -> passes = number(name, value, 1);
                case "--threads" -> threads = number(name, value, 0);
                default ->
                    throw new IllegalArgumentException("bench wan13: '" + name
                            + "' is not one of --file, --tokens, --precisions, --passes, --threads");
            }
        }
        return new ScaleArguments(file, tokens, precisions, new Counts(passes, threads), child);
    }

    private static List<String> list(String value) {
        return Arrays.stream(value.split(",", -1))
                .filter(word -> !word.isBlank())
                .toList();
    }

    private static int number(String name, String value, int min) {
        if (!value.matches("\\d{1,6}") || Integer.parseInt(value) < min) {
            throw new IllegalArgumentException(
                    "bench wan13: " + name + " is '" + value + "'; accepted are numbers from " + min);
        }
        return Integer.parseInt(value);
    }

    /// The arguments of the process that measures one precision.
    List<String> forChild(Precision precision, Path chosen) {
        List<String> arguments = new ArrayList<>(List.of(
                CHILD,
                "--file",
                chosen.toString(),
                "--precisions",
                precision.name(),
                "--passes",
                Integer.toString(passes()),
                "--threads",
                Integer.toString(threads())));
        arguments.add("--tokens");
        arguments.add(tokens.stream().map(String::valueOf).collect(Collectors.joining(",")));
        return arguments;
    }

    /// A latent of so many tokens of 2 x 2 cells: few frames, and pictures as square as the number allows.
    static LatentSize size(int tokens) {
        return size(tokens, TransformerFacts.Patch.TWO_BY_TWO);
    }

    /// A latent of so many tokens.
    static LatentSize size(int tokens, TransformerFacts.Patch patch) {
        for (int frames : new int[] {3, 5, 4, 2, 7, 1}) {
            if (tokens % frames == 0) {
                int rows = divisor(tokens / frames);
                int columns = tokens / frames / rows;
                if (columns <= 2 * rows || frames == 1) {
                    return new LatentSize(patch.frames() * frames, patch.height() * rows, patch.width() * columns);
                }
            }
        }
        throw new IllegalStateException("every number is divisible by 1");
    }

    /// The largest divisor up to the square root.
    private static int divisor(int number) {
        int found = 1;
        for (int i = 2; (long) i * i <= number; i++) {
            found = number % i == 0 ? i : found;
        }
        return found;
    }
}
