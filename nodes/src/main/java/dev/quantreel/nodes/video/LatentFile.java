package dev.quantreel.nodes.video;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Latent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Latents as safetensors files with ComfyUI's tensor names: a sampling of hours survives a decoder that fails.
final class LatentFile {

    /// Folder below the output folder.
    static final String FOLDER = "latents";

    private static final String SAMPLES = "latent_tensor";

    /// Present when the values are unscaled, as ours always are.
    private static final String FORMAT = "latent_format_version_0";

    /// Key of the metadata: name of a [LatentSpace].
    private static final String SPACE = "latent_space";

    private LatentFile() {}

    /// Saves a latent under the next free number, with the workflow inside, and shows the file on the node.
    static Path save(Latent latent, NodeContext context) throws IOException {
        SaveNames names = SaveNames.of(
                context.folders().output(), FOLDER + "/latent", new SaveNames.Size(0, 0), LocalDateTime.now());
        Files.createDirectories(names.folder());
        String name = names.fileName(names.nextCounter(), "safetensors");
        Map<String, String> metadata = new LinkedHashMap<>();
        context.workflow().prompt().ifPresent(text -> metadata.put("prompt", text));
        context.workflow().workflow().ifPresent(text -> metadata.put("workflow", text));
        latent.space().ifPresent(space -> metadata.put(SPACE, space.name()));
        Path file = names.folder().resolve(name);
        SafetensorsWriter.write(
                file, Map.of(SAMPLES, latent.samples(), FORMAT, Tensor.zeros(DType.F32, Shape.of(0))), metadata);
        context.show(new UiItem.FileItem(
                UiItem.Kind.FILES, name, names.subfolder(), UiItem.Root.OUTPUT, "application/octet-stream"));
        return file;
    }

    /// Reads a latent that this program or ComfyUI saved.
    ///
    /// @return of the space that was saved with it, if any; a picture's latent gets one frame
    /// @throws dev.quantreel.engines.tensor.CheckpointException when it is no safetensors file
    /// @throws IllegalArgumentException when it holds no latent; says what it holds
    static Latent load(Path file) {
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            if (!open.contains(SAMPLES)) {
                throw new IllegalArgumentException("holds no tensor " + SAMPLES + " but "
                        + open.names().stream().limit(3).toList() + "; accepted are files that Decode VAE or ComfyUI's"
                        + " SaveLatent wrote");
            }
            Tensor stored = Conversions.toF32(open.tensor(SAMPLES));
            Shape shape = stored.shape();
            boolean video = shape.rank() == 5 && shape.dim(0) == 1;
            boolean picture = shape.rank() == 4 && shape.dim(0) == 1;
            if (!video && !picture) {
                throw new IllegalArgumentException(
                        "holds a latent " + shape + "; accepted is one clip [1x channels x frames x height x width]");
            }
            Shape clip = video ? shape : Shape.of(1, shape.dim(1), 1, shape.dim(2), shape.dim(3));
            Tensor copy = Tensor.zeros(DType.F32, clip);
            copy.data().copyFrom(stored.data());
            return new Latent(copy, space(open.metadata()), 0);
        }
    }

    private static Optional<LatentSpace> space(Map<String, String> metadata) {
        return Arrays.stream(LatentSpace.values())
                .filter(space -> space.name().equals(metadata.get(SPACE)))
                .findFirst();
    }
}
