package dev.quantreel.nodes.video;

import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Names of results as ComfyUI numbers them: `sub/name` becomes `sub/name_00001_.mp4`, the counter one above the
/// highest in the folder.
///
/// @param root the output or temp folder
/// @param subfolder folder below the root with `/`; may be empty
/// @param stem file name without counter
public record SaveNames(Path root, String subfolder, String stem) {

    private static final Pattern TOKEN = Pattern.compile("%([a-z]+)(?::([^%]+))?%");
    private static final Pattern FORBIDDEN = Pattern.compile("[<>:\"|?*\\p{Cntrl}]");

    /// Expands `%date%`, `%date:pattern%`, `%year%`, `%month%`, `%day%`, `%hour%`, `%minute%`, `%second%`, `%width%`
    /// and `%height%`.
    ///
    /// @param prefix what the user typed, for example `video/%date%/clip`
    /// @param now time for the date tokens
    /// @throws NodeInputException naming `filenamePrefix` when the prefix leaves the folder or cannot be a file
    /// name
    public static SaveNames of(Path root, String prefix, Size size, LocalDateTime now) {
        String expanded = expand(prefix, size, now).replace('\\', '/');
        if (expanded.isBlank()
                || expanded.endsWith("/")
                || FORBIDDEN.matcher(expanded).find()) {
            throw rejected(prefix, "accepted is a name such as 'video/clip' without < > : \" | ? *");
        }
        try {
            Path target = root.resolve(expanded).normalize();
            if (!target.startsWith(root.normalize()) || Path.of(expanded).isAbsolute() || expanded.startsWith("/")) {
                throw rejected(prefix, "it must stay inside the output folder");
            }
            Path relative = root.normalize().relativize(target);
            Path parent = relative.getParent();
            return new SaveNames(
                    root,
                    parent == null ? "" : parent.toString().replace('\\', '/'),
                    relative.getFileName().toString());
        } catch (InvalidPathException e) {
            throw rejected(prefix, "it is no file name here: " + e.getReason());
        }
    }

    /// Width and height for `%width%` and `%height%`, pixels.
    public record Size(int width, int height) {}

    private static NodeInputException rejected(String prefix, String accepted) {
        return new NodeInputException("filenamePrefix", "is '" + prefix + "'; " + accepted);
    }

    private static String expand(String prefix, Size size, LocalDateTime now) {
        Map<String, String> values = Map.of(
                "year", Integer.toString(now.getYear()),
                "month", two(now.getMonthValue()),
                "day", two(now.getDayOfMonth()),
                "hour", two(now.getHour()),
                "minute", two(now.getMinute()),
                "second", two(now.getSecond()),
                "width", Integer.toString(size.width()),
                "height", Integer.toString(size.height()));
        return TOKEN.matcher(prefix).replaceAll(match -> {
            String value =
                    match.group(1).equals("date") ? date(prefix, match.group(2), now) : values.get(match.group(1));
            return Matcher.quoteReplacement(value == null ? match.group() : value);
        });
    }

    private static String date(String prefix, @Nullable String pattern, LocalDateTime now) {
        try {
            return now.format(DateTimeFormatter.ofPattern(pattern == null ? "yyyy-MM-dd" : pattern));
        } catch (IllegalArgumentException e) {
            throw rejected(prefix, "'" + pattern + "' is no date pattern; accepted is for example %date:yyyy-MM-dd%");
        }
    }

    private static String two(int value) {
        return value < 10 ? "0" + value : Integer.toString(value);
    }

    /// Where the files lie.
    public Path folder() {
        return root.resolve(subfolder);
    }

    /// The number after the highest that a file of this stem has.
    public int nextCounter() throws IOException {
        if (!Files.isDirectory(folder())) {
            return 1;
        }
        Pattern numbered = Pattern.compile(Pattern.quote(stem) + "_(\\d{1,9})_.*");
        try (Stream<Path> files = Files.list(folder())) {
            return 1
                    + files.map(file -> numbered.matcher(file.getFileName().toString()))
                            .filter(Matcher::matches)
                            .mapToInt(match -> Integer.parseInt(match.group(1)))
                            .max()
                            .orElse(0);
        }
    }

    /// File name under a counter, for example `clip_00001_.mp4`.
    public String fileName(int counter, String extension) {
        return String.format("%s_%05d_.%s", stem, counter, extension);
    }
}
