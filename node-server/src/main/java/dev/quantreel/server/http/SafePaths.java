package dev.quantreel.server.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Turns names from requests into paths that stay below a folder.
final class SafePaths {

    private static final int MAX_NAME_CHARS = 255;
    private static final Pattern DRIVE = Pattern.compile("^[A-Za-z]:.*");

    private SafePaths() {}

    /// The path of `name` below `root`; the file need not exist.
    ///
    /// @throws HttpError 400 for names that are absolute or climb, 403 for links that lead out of the folder
    static Path resolve(Path root, String name) {
        requirePlain(name);
        Path path;
        try {
            path = root.resolve(name).normalize();
        } catch (InvalidPathException e) {
            throw HttpError.badRequest("'" + printable(name) + "' is not a file name: " + e.getReason());
        }
        if (!path.startsWith(root.normalize())) {
            throw HttpError.of(403, "forbidden", "'" + printable(name) + "' lies outside of the folder");
        }
        requireInside(root, path, name);
        return path;
    }

    /// A single file name, without folders.
    static String fileName(String name) {
        requirePlain(name);
        if (name.isBlank() || name.contains("/") || name.length() > MAX_NAME_CHARS) {
            throw HttpError.badRequest("'" + printable(name) + "' is not a file name");
        }
        return name;
    }

    private static void requirePlain(String name) {
        if (name.startsWith("/") || name.contains("\\") || DRIVE.matcher(name).matches()) {
            throw HttpError.badRequest("'" + printable(name) + "' must be relative, with / between folders");
        }
        if (name.chars().anyMatch(c -> Character.isISOControl(c) || isDirectionMark(c))) {
            throw HttpError.badRequest("'" + printable(name) + "' holds control characters");
        }
        for (String segment : name.split("/", -1)) {
            if (segment.equals("..") || segment.equals(".")) {
                throw HttpError.badRequest("'" + printable(name) + "' must not hold '.' or '..'");
            }
            if (segment.length() > MAX_NAME_CHARS) {
                throw HttpError.badRequest("a name longer than " + MAX_NAME_CHARS + " characters");
            }
        }
    }

    private static void requireInside(Path root, Path path, String name) {
        try {
            Path existing = existing(path);
            if (existing != null
                    && Files.exists(root)
                    && !existing.toRealPath().startsWith(root.toRealPath())
                    && existing.normalize().startsWith(root.normalize())) {
                throw HttpError.of(403, "forbidden", "'" + printable(name) + "' leads out of the folder");
            }
        } catch (IOException e) {
            throw HttpError.of(403, "forbidden", "'" + printable(name) + "' cannot be followed");
        }
    }

    /// The path itself or its nearest ancestor that exists, links counting as existing.
    private static @Nullable Path existing(Path path) {
        Path candidate = path;
        while (candidate != null && !Files.exists(candidate, LinkOption.NOFOLLOW_LINKS)) {
            candidate = candidate.getParent();
        }
        return candidate;
    }

    private static boolean isDirectionMark(int c) {
        return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
    }

    private static String printable(String name) {
        String text = name.replaceAll("\\p{Cntrl}", "?");
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}
