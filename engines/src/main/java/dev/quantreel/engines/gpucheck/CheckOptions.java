package dev.quantreel.engines.gpucheck;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// What is checked, and with what.
///
/// @param only ids of items; all where it is empty
/// @param out folder of the results
/// @param models folder with the demo model
/// @param script `baseline.py`
/// @param driver the CUDA driver's library
/// @param limit for everything
/// @param dry whether to stop before the device
/// @param small whether shapes are those for a simulator
public record CheckOptions(
        List<String> only,
        Path out,
        Path models,
        Path script,
        Optional<String> driver,
        Duration limit,
        boolean dry,
        boolean small) {

    private static final Duration LIMIT = Duration.ofSeconds(470);
    private static final Set<String> NAMES =
            Set.of("--only", "--out", "--models", "--script", "--driver", "--seconds", "--dry-run", "--small");
    private static final Set<String> FLAGS = Set.of("--dry-run", "--small");

    public CheckOptions {
        only = List.copyOf(only);
    }

    /// Everything in folders below the one given, as the bundle and the source tree have them.
    public static CheckOptions of(Path out, Path models, Path script) {
        return new CheckOptions(List.of(), out, models, script, Optional.empty(), LIMIT, false, false);
    }

    /// The same with a selection of items.
    public CheckOptions withOnly(List<String> ids) {
        return new CheckOptions(ids, out, models, script, driver, limit, dry, small);
    }

    /// The same, up to the device or with it, at the size of a simulator or in full.
    public CheckOptions with(Optional<String> library, Duration all, boolean isDry, boolean isSmall) {
        return new CheckOptions(only, out, models, script, library, all, isDry, isSmall);
    }

    /// Reads what the bundle's script gives.
    ///
    /// @throws IllegalArgumentException when a word is not known
    static CheckOptions parse(List<String> words) {
        Map<String, String> values = new TreeMap<>();
        for (int i = 0; i < words.size(); i++) {
            String name = words.get(i);
            boolean flag = FLAGS.contains(name);
            if (!NAMES.contains(name) || !flag && i + 1 == words.size()) {
                throw new IllegalArgumentException("'" + name + "' is not one of "
                        + NAMES.stream().sorted().toList());
            }
            values.put(name, flag ? "true" : words.get(++i));
        }
        return new CheckOptions(
                ids(values.getOrDefault("--only", "")),
                Path.of(values.getOrDefault("--out", "gpu-check")),
                Path.of(values.getOrDefault("--models", "models")),
                Path.of(values.getOrDefault("--script", "baseline.py")),
                Optional.ofNullable(values.get("--driver")),
                Optional.ofNullable(values.get("--seconds"))
                        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
                        .orElse(LIMIT),
                values.containsKey("--dry-run"),
                values.containsKey("--small"));
    }

    /// Ids between commas.
    public static List<String> ids(String text) {
        return Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
    }

    /// The words that [#parse] reads, for a child.
    List<String> words() {
        java.util.ArrayList<String> words = new java.util.ArrayList<>(
                List.of("--out", out.toString(), "--models", models.toString(), "--script", script.toString()));
        driver.ifPresent(library -> words.addAll(List.of("--driver", library)));
        if (dry) {
            words.add("--dry-run");
        }
        if (small) {
            words.add("--small");
        }
        return words;
    }
}
