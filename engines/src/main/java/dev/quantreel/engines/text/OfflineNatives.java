package dev.quantreel.engines.text;

/// Keeps DJL's libraries to the native code in their jars.
final class OfflineNatives {

    private static final String OFFLINE = "ai.djl.offline";

    private OfflineNatives() {}

    /// Otherwise a library downloads a CUDA build of itself where it finds a GPU.
    static void require() {
        if (System.getProperty(OFFLINE) == null) {
            System.setProperty(OFFLINE, "true");
        }
    }
}
