package dev.quantreel.engines.gpucheck;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// ONNX Runtime for NVIDIA GPUs as a second bundle, unpacked over the first: too large for one file, so it comes in
/// parts.
///
/// @param installed what `./quantreel install ort-gpu` made, `extras/ort-gpu`
/// @param preset as in [CheckBundle]
public record OrtBundle(Path installed, int preset) {

    /// Writes the parts.
    ///
    /// @param target name of the whole; parts have numbers behind it
    /// @param partBytes most that one may have
    /// @return the parts in order
    /// @throws IOException when it is not installed, or cannot be written
    public List<Path> write(Path target, long partBytes) throws IOException {
        if (!Files.isRegularFile(installed.resolve("native").resolve("libonnxruntime.so"))) {
            throw new IOException(
                    installed + " holds no ONNX Runtime; `./quantreel install ort-gpu --cuda 13` puts it there");
        }
        try (PartsOutputStream parts = new PartsOutputStream(target, partBytes)) {
            try (TarXz archive = new TarXz(parts, preset);
                    Stream<Path> jars = Files.list(installed)) {
                archive.folder(installed.resolve("native"), CheckBundle.FOLDER + "/ort/native");
                for (Path jar : jars.filter(Files::isRegularFile).sorted().toList()) {
                    archive.file(jar, CheckBundle.FOLDER + "/ort/" + jar.getFileName());
                }
            }
            return parts.parts();
        }
    }
}
