package dev.quantreel.nodes.testing;

import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

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
        return transformer(name, family, architecture, 7);
    }

    /// @param seed of its weights
    /// @return file name in diffusion_models
    public String transformer(String name, TransformerFamily family, TransformerArchitecture architecture, long seed)
            throws IOException {
        String layout = family.layouts().getFirst().name();
        SyntheticCheckpoint.of(family, architecture, new SyntheticCheckpoint.Options(layout, DType.F32, 0, seed))
                .write(file("diffusion_models", name), bytes -> {}, CancellationToken.NONE);
        return name + ".safetensors";
    }

    /// Takes the weights out of a golden file.
    ///
    /// @return file name in the folder
    public String golden(String folder, String name) throws IOException {
        return golden(folder, name, name);
    }

    /// As [#golden(String, String)], under another name.
    ///
    /// @return file name in the folder
    public String golden(String folder, String name, String as) throws IOException {
        try (SafetensorsFile golden = SafetensorsFile.open(GOLDEN.resolve(name + ".safetensors"))) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            golden.names().stream()
                    .filter(key -> key.startsWith("w."))
                    .forEach(key -> weights.put(key.substring(2), golden.tensor(key)));
            SafetensorsWriter.write(file(folder, as), weights, golden.metadata());
        }
        if (folder.equals("text_encoders")) {
            Files.writeString(folders.models(folder).resolve("tokenizer.json"), WORDS);
        }
        return as + ".safetensors";
    }

    /// A tiny decoder of the TAEHV family with random weights.
    ///
    /// @param channels of the latent
    /// @param patch pixels each way that a cell of the last layer becomes
    /// @return file name in vae
    public String taehv(String name, int channels, int patch) throws IOException {
        int width = 4;
        Map<String, Tensor> weights = new LinkedHashMap<>();
        convolution(weights, "decoder.1", channels, width);
        int[] timeFactors = {1, 2, 2};
        for (int stage = 0; stage < timeFactors.length; stage++) {
            int first = 3 + 6 * stage;
            for (int block = first; block < first + 3; block++) {
                convolution(weights, "decoder." + block + ".conv.0", 2 * width, width);
                convolution(weights, "decoder." + block + ".conv.2", width, width);
                convolution(weights, "decoder." + block + ".conv.4", width, width);
            }
            weights.put(
                    "decoder." + (first + 4) + ".conv.weight",
                    random(Shape.of((long) timeFactors[stage] * width, width, 1, 1)));
            weights.put("decoder." + (first + 5) + ".weight", random(Shape.of(width, width, 3, 3)));
        }
        convolution(weights, "decoder.22", width, 3 * patch * patch);
        SafetensorsWriter.write(file("vae", name), weights, Map.of());
        return name + ".safetensors";
    }

    private static void convolution(Map<String, Tensor> weights, String layer, int in, int out) {
        weights.put(layer + ".weight", random(Shape.of(out, in, 3, 3)));
        weights.put(layer + ".bias", random(Shape.of(out)));
    }

    private static Tensor random(Shape shape) {
        Random random = new Random(shape.elements());
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * 0.2f;
        }
        return Tensor.of(shape, values);
    }

    private Path file(String folder, String name) throws IOException {
        return Files.createDirectories(folders.models(folder)).resolve(name + ".safetensors");
    }
}
