package dev.quantreel.engines.text;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The texts that a prompt wants written into the picture: what stands in straight or curly double quotes, each once,
/// in the form that HunyuanVideo 1.5's glyph encoder was trained on.
final class GlyphText {

    private static final Pattern QUOTED = Pattern.compile("\"(.*?)\"|\u201C(.*?)\u201D");

    private GlyphText() {}

    /// @return for example `Text "OPEN". Text "24 h". `; empty when nothing is quoted
    static Optional<String> of(String prompt) {
        List<String> found = new ArrayList<>();
        Matcher matcher = QUOTED.matcher(prompt);
        while (matcher.find()) {
            found.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
        }
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(new LinkedHashSet<>(found)
                        .stream().map(text -> "Text \"" + text + "\"").collect(Collectors.joining(". ", "", ". ")));
    }
}
