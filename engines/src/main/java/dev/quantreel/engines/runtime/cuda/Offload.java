package dev.quantreel.engines.runtime.cuda;

import java.util.Arrays;
import java.util.Locale;

/// Whether weights may wait in host memory for their turn.
enum Offload {
    /// Where the plan of a run says that they do not fit beside what it makes.
    AUTO,
    /// All blocks.
    ALWAYS,
    /// Never: what does not fit is an error.
    NEVER;

    /// @throws IllegalArgumentException naming what is accepted
    static Offload of(String text) {
        for (Offload offload : values()) {
            if (offload.text().equals(text)) {
                return offload;
            }
        }
        throw new IllegalArgumentException("offload is '" + text + "'; accepted are "
                + Arrays.stream(values()).map(Offload::text).toList());
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
