package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A file of real size that has a header alone: names and shapes from `keys/NAME.txt`, one pattern per line, with
/// `{0-19}` for the numbers of blocks.
record KeyList(String source, SequencedMap<String, Shape> shapes) implements Checkpoint {

    private static final Pattern BLOCKS = Pattern.compile("\\{0-(\\d+)}");

    static KeyList of(String name) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        InputStream stream = Objects.requireNonNull(KeyList.class.getResourceAsStream("/keys/" + name + ".txt"), name);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            lines.lines().forEach(line -> {
                String[] parts = line.split(" ", -1);
                long[] dims = Arrays.stream(parts[1].split("x", -1))
                        .mapToLong(Long::parseLong)
                        .toArray();
                Matcher blocks = BLOCKS.matcher(parts[0]);
                int last = blocks.find() ? Integer.parseInt(blocks.group(1)) : 0;
                for (int i = 0; i <= last; i++) {
                    shapes.put(blocks.replaceFirst(String.valueOf(i)), Shape.of(dims));
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new KeyList(name + ".safetensors", shapes);
    }

    long parameters() {
        return shapes.values().stream().mapToLong(Shape::elements).sum();
    }

    @Override
    public SequencedSet<String> names() {
        return Collections.unmodifiableSequencedSet(shapes.sequencedKeySet());
    }

    @Override
    public Tensor tensor(String name) {
        throw new AssertionError("the values of " + name + " are read, though a header tells all that is needed");
    }

    @Override
    public Shape shape(String name) {
        return Objects.requireNonNull(shapes.get(name), name);
    }

    @Override
    public DType dtype(String name) {
        return DType.BF16;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public String digest() {
        return "none";
    }
}
