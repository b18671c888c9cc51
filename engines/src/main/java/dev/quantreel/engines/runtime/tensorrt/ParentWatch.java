package dev.quantreel.engines.runtime.tensorrt;

import java.io.IOException;

/// Ends a process when the one that started it is gone: its standard input ends then.
final class ParentWatch {

    private ParentWatch() {}

    static void start() {
        Thread.ofPlatform().daemon().name("parent watch").start(() -> {
            try {
                while (System.in.read() >= 0) {
                    // Nobody writes; only the end is waited for.
                }
            } catch (IOException e) {
                // As good as the end.
            }
            // Native code may be at work for hours; it is not asked.
            Runtime.getRuntime().halt(1);
        });
    }
}
