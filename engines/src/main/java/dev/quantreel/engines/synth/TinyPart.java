package dev.quantreel.engines.synth;

import dev.quantreel.engines.tensor.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A text encoder, picture encoder or VAE with the tensors of a real one and tiny widths, as
/// `tools/reference/tiny_parts.py` lists them.
///
/// @param file folder and name below the models folder, without its ending
/// @param config JSON of what shapes cannot say, for the metadata
/// @param shapes of its tensors
record TinyPart(String file, String config, SequencedMap<String, Shape> shapes) {

    private static final String TABLE = "tiny-parts.txt";
    private static final Pattern HEAD = Pattern.compile("\\[([^]]+)] (\\{.*})");
    private static final Pattern RANGE = Pattern.compile("\\{(\\d+)-(\\d+)}");

    TinyPart {
        shapes = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(shapes));
    }

    /// All that there are.
    static List<TinyPart> all() {
        InputStream table = Objects.requireNonNull(TinyPart.class.getResourceAsStream(TABLE), TABLE);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(table, StandardCharsets.UTF_8))) {
            return parse(lines.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @param name the last part of [#file]
    /// @throws IllegalArgumentException when there is none
    static TinyPart named(String name) {
        return all().stream()
                .filter(part -> part.file().endsWith("/" + name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no tiny " + name));
    }

    private static List<TinyPart> parse(List<String> lines) {
        List<TinyPart> parts = new ArrayList<>();
        for (int i = 0; i < lines.size(); ) {
            Matcher head = HEAD.matcher(lines.get(i++));
            if (!head.matches()) {
                throw new IllegalStateException(TABLE + ": expected [file] {config}, not " + lines.get(i - 1));
            }
            SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
            while (i < lines.size() && !HEAD.matcher(lines.get(i)).matches()) {
                String[] words = lines.get(i++).split(" ");
                Shape shape = Shape.of(Arrays.stream(words[1].split("x"))
                        .mapToLong(Long::parseLong)
                        .toArray());
                expand(words[0]).forEach(name -> shapes.put(name, shape));
            }
            for (String file : head.group(1).split(" ")) {
                parts.add(new TinyPart(file, head.group(2), shapes));
            }
        }
        return parts;
    }

    /// The names that a pattern such as `layers.{0-2}.weight` stands for.
    private static List<String> expand(String pattern) {
        Matcher range = RANGE.matcher(pattern);
        if (!range.find()) {
            return List.of(pattern);
        }
        List<String> names = new ArrayList<>();
        for (int i = Integer.parseInt(range.group(1)); i <= Integer.parseInt(range.group(2)); i++) {
            names.addAll(expand(range.replaceFirst(Integer.toString(i))));
        }
        return names;
    }
}
