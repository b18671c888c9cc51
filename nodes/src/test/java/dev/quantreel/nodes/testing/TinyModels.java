package dev.quantreel.nodes.testing;

import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes models of a few thousand random weights into the folders of a test: transformers by their tables of shapes,
/// encoders and VAEs from the golden files.
///
/// @param folders where to
public record TinyModels(TestFolders folders) {

    /// Width of every tiny text and picture encoder.
    public static final int TEXT_WIDTH = 48;

    private static final Path GOLDEN = Path.of("..", "engines", "src", "test", "resources", "golden");

    private static final String WORDS = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {"a": 4, "cat": 5, "dog": 6, "?": 3}, "unk_token": "?"}}
            """;

    /// @return file name in diffusion_models
    public String transformer(String name, TransformerFamily family, TransformerArchitecture architecture)
            throws IOException {
        String layout = family.layouts().getFirst().name();
        SyntheticCheckpoint.of(family, architecture, new SyntheticCheckpoint.Options(layout, DType.F32, 0, 7))
                .write(file("diffusion_models", name), bytes -> {}, CancellationToken.NONE);
        return name + ".safetensors";
    }

    /// Takes the weights out of a golden file.
    ///
    /// @return file name in the folder
    public String golden(String folder, String name) throws IOException {
        try (SafetensorsFile golden = SafetensorsFile.open(GOLDEN.resolve(name + ".safetensors"))) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            golden.names().stream()
                    .filter(key -> key.startsWith("w."))
                    .forEach(key -> weights.put(key.substring(2), golden.tensor(key)));
            SafetensorsWriter.write(file(folder, name), weights, golden.metadata());
        }
        if (folder.equals("text_encoders")) {
            Files.writeString(folders.models(folder).resolve("tokenizer.json"), WORDS);
        }
        return name + ".safetensors";
    }

    private Path file(String folder, String name) throws IOException {
        return Files.createDirectories(folders.models(folder)).resolve(name + ".safetensors");
    }
}
