package dev.quantreel.engines.runtime.cuda.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sources and machine code of the kernels as this build holds them, by unit.
final class KernelSources {

    private static final Pattern INCLUDE = Pattern.compile("(?m)^\\s*#include \"([^\"]+)\"");

    /// What only the host simulator includes.
    private static final String HOST = "host/";

    private KernelSources() {}

    /// Machine code for several chips with PTX for newer ones; empty when the build had no nvcc.
    static byte[] fatbin(String unit) {
        return read(unit + ".fatbin");
    }

    /// Text of a unit.
    ///
    /// @throws KernelException when there is no such unit
    static String text(String unit) {
        byte[] text = read(unit + ".cu");
        if (text.length == 0) {
            throw new KernelException("there are no CUDA kernels named " + unit, null);
        }
        return new String(text, StandardCharsets.UTF_8);
    }

    /// The headers that a source includes, directly or not, by the name that it gives.
    static Map<String, String> headers(String source) {
        Map<String, String> headers = new HashMap<>();
        Deque<String> texts = new ArrayDeque<>();
        texts.add(source);
        while (!texts.isEmpty()) {
            Matcher include = INCLUDE.matcher(texts.remove());
            while (include.find()) {
                String name = include.group(1);
                if (!name.startsWith(HOST) && !headers.containsKey(name)) {
                    String text = new String(read(name), StandardCharsets.UTF_8);
                    headers.put(name, text);
                    texts.add(text);
                }
            }
        }
        return headers;
    }

    private static byte[] read(String name) {
        try (InputStream stream = KernelSources.class.getResourceAsStream(name)) {
            return stream == null ? new byte[0] : stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }
}
