package dev.quantreel.engines.runtime.tensorrt;

/// Why native libraries did not load, in words.
final class LoadFailure {

    private LoadFailure() {}

    /// The innermost cause names the file that is missing; the error around it names a shim of JavaCPP.
    static String describe(LinkageError error) {
        Throwable root = error;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String text = String.valueOf(root.getMessage());
        String what = root instanceof ClassNotFoundException || root instanceof NoClassDefFoundError
                ? "the bindings of TensorRT are not on the class path (" + text + ")"
                : "a library did not load: " + text;
        return what + "; " + TensorRtEngineProvider.HOW_TO_INSTALL;
    }
}
