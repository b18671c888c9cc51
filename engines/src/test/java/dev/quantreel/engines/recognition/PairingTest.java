package dev.quantreel.engines.recognition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairingTest extends ModelsFolder {

    PairingTest(@TempDir Path models) {
        super(models);
    }

    private Pairing pairing(String name) {
        ModelCatalog catalog = scan();
        return Pairing.of(entry(catalog, name), catalog);
    }

    @Test
    void whatATransformerLacksIsExplainedWithWhatStandsInItsPlace() throws IOException {
        fill();

        Pairing before = pairing("diffusion_models/wan.safetensors");

        assertThat(before.partners()).isEmpty();
        assertThat(before.lacks())
                .anySatisfy(line -> assertThat(line)
                        .contains(
                                "UMT5-XXL (umt5_xxl_fp16.safetensors)",
                                "text_encoders/t5xxl.safetensors is T5-XXL, which does not fit"))
                .anySatisfy(line -> assertThat(line)
                        .contains("VAE for Wan 2.1 latents of 16 channels", "wan_2.1_vae", "there is no VAE here"));

        writeUmt5("text_encoders/umt5.safetensors", 32);
        SafetensorsWriter.write(
                file("vae/hunyuan.safetensors"),
                Map.of(
                        "decoder.mid.block_1.conv1.conv.weight", Tensor.scalar(1),
                        "decoder.conv_in.conv.weight", Tensor.zeros(DType.F16, Shape.of(8, 16, 3, 3, 3))),
                Map.of());
        Pairing between = pairing("diffusion_models/wan.safetensors");
        assertThat(between.partners()).containsExactly("text_encoders/umt5.safetensors");
        assertThat(between.lacks()).singleElement().satisfies(line -> assertThat(line)
                .contains("vae/hunyuan.safetensors is HunyuanVideo VAE, which does not fit"));

        SafetensorsWriter.write(
                file("vae/wan.safetensors"),
                Map.of(
                        "decoder.middle.0.residual.0.gamma", Tensor.scalar(1),
                        "conv2.weight", Tensor.zeros(DType.F16, Shape.of(16, 16, 1, 1, 1))),
                Map.of());
        Pairing after = pairing("diffusion_models/wan.safetensors");
        assertThat(after.partners()).containsExactly("text_encoders/umt5.safetensors", "vae/wan.safetensors");
        assertThat(after.lacks()).isEmpty();
        assertThat(pairing("vae/wan.safetensors").partners())
                .contains("diffusion_models/wan.safetensors", "unet/wan.gguf");
    }

    @Test
    void anEncoderOfAnotherWidthDoesNotFit() throws IOException {
        fill();
        writeGolden("umt5_encoder.safetensors", "text_encoders/umt5.safetensors");

        assertThat(pairing("diffusion_models/wan.safetensors").lacks()).anySatisfy(line -> assertThat(line)
                .contains("UMT5-XXL", "width 32", "text_encoders/umt5.safetensors has vectors of width 48"));
    }

    @Test
    void lorasPairWithTheModelsTheyWereMadeFor() throws IOException {
        fill();

        assertThat(pairing("loras/style.safetensors").partners())
                .containsExactlyInAnyOrder(
                        "diffusion_models/wan.safetensors",
                        "diffusion_models/wan_fp8_scaled.safetensors",
                        "diffusion_models/wan_w4a4.safetensors",
                        "unet/wan.gguf",
                        "Wan-Diffusers/transformer/diffusion_pytorch_model.safetensors.index.json");
        assertThat(pairing("loras/flux.safetensors").lacks()).singleElement().satisfies(line -> assertThat(line)
                .contains("HunyuanVideo or Flux", "fits none"));
    }

    @Test
    void filesOfTheWrongFolderAreSentToTheRightOne() throws IOException {
        writeGolden("umt5_encoder.safetensors", "vae/umt5.safetensors");

        assertThat(pairing("vae/umt5.safetensors").lacks()).singleElement().satisfies(line -> assertThat(line)
                .contains("is a text encoder (UMT5-XXL)", "in text_encoders"));
    }

    /// An encoder of another width with the names of the golden one.
    private void writeUmt5(String name, long width) throws IOException {
        try (SafetensorsFile golden = GoldenResource.open("umt5_encoder.safetensors")) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            for (String tensor : golden.names()) {
                if (tensor.startsWith("w.")) {
                    long[] dims = golden.shape(tensor).toArray();
                    long[] narrow = Arrays.stream(dims)
                            .map(dim -> dim == 48 ? width : dim)
                            .toArray();
                    weights.put(tensor.substring(2), Tensor.zeros(DType.F32, Shape.of(narrow)));
                }
            }
            SafetensorsWriter.write(file(name), weights, Map.of());
        }
    }
}
