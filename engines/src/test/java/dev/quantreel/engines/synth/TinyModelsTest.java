package dev.quantreel.engines.synth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.recognition.ModelCard;
import dev.quantreel.engines.recognition.ModelCatalog;
import dev.quantreel.engines.recognition.ModelEntry;
import dev.quantreel.engines.recognition.Pairing;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.EncoderPrecision;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.engines.vae.VaeDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TinyModelsTest {

    private final Path folder;
    private ModelCatalog catalog = new ModelCatalog(List.of());

    TinyModelsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeAll
    void write() throws IOException {
        TinyModels.write(folder);
        catalog = ModelCatalog.scan(List.of(new ModelCatalog.Root("", folder)));
    }

    private Stream<ModelEntry> entries(ModelCard.Kind kind) {
        return catalog.entries().stream()
                .filter(entry -> entry.cards(kind).findAny().isPresent());
    }

    private Set<String> cards(ModelCard.Kind kind) {
        return entries(kind)
                .flatMap(entry -> entry.cards(kind))
                .map(card -> card.family() + ", " + card.layout())
                .collect(Collectors.toSet());
    }

    @Test
    void everyFileIsRecognisedAndHasItsPartners() {
        assertThat(catalog.entries()).allSatisfy(entry -> {
            assertThat(entry.problem()).as(entry.name()).isEmpty();
            assertThat(entry.cards()).as(entry.name()).hasSize(1);
            Pairing pairing = Pairing.of(entry, catalog);
            assertThat(pairing.lacks()).as(entry.name()).isEmpty();
            if (entry.cards().getFirst().kind() != ModelCard.Kind.IMAGE_ENCODER) {
                assertThat(pairing.partners()).as(entry.name()).isNotEmpty();
            }
        });
    }

    @Test
    void everyFamilyIsThereInEveryLayoutItsReleasesComeIn() {
        assertThat(cards(ModelCard.Kind.TRANSFORMER))
                .isEqualTo(TransformerCheckpoint.FAMILIES.stream()
                        .flatMap(family ->
                                family.layouts().stream().map(layout -> family.title() + ", " + layout.name()))
                        .collect(Collectors.toSet()));
        assertThat(cards(ModelCard.Kind.TEXT_ENCODER)).hasSize(TextEncoderFamily.values().length);
        assertThat(cards(ModelCard.Kind.VAE))
                .contains("Wan 2.1 VAE, original", "Wan 2.1 VAE, diffusers", "Wan 2.2 VAE, original")
                .contains("HunyuanVideo VAE, diffusers", "LTX-Video VAE, ", "Stable Diffusion VAE, ")
                .contains("TAEHV, 16 channels, ", "TAEHV, 32 channels, ", "TAEHV, 48 channels, ");
        assertThat(catalog.entries().stream()
                        .flatMap(entry -> entry.format().stream())
                        .map(format -> format.container() + " " + format.precision()))
                .contains(
                        "diffusers folder bf16",
                        "GGUF fp16",
                        "safetensors fp8_e4m3fn",
                        "safetensors fp8_scaled",
                        "safetensors convrot_w4a4",
                        "safetensors int8_tensorwise");
    }

    @Test
    void everyDecoderAndEncoderRuns() {
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS)) {
            entries(ModelCard.Kind.VAE).forEach(entry -> {
                try (CheckpointFile file = CheckpointFiles.open(entry.path());
                        VaeDecoder vae = VaeDecoder.open(engine, file)) {
                    Tensor latent =
                            TorchNoise.gaussian(1, Shape.of(1, vae.traits().latentChannels(), 1, 2, 2));
                    int pixels = 2 * vae.traits().pixelsPerCell();

                    assertThat(vae.decode(latent, CancellationToken.NONE).width())
                            .as(entry.name())
                            .isEqualTo(pixels);
                }
            });
            entries(ModelCard.Kind.TEXT_ENCODER).forEach(entry -> {
                try (CheckpointFile file = CheckpointFiles.open(entry.path());
                        TextEncoder encoder = TextEncoder.open(engine, file, EncoderPrecision.FULL)) {
                    Tensor vectors = encoder.run(new int[] {4, 5, 6, 1}, CancellationToken.NONE);

                    assertThat(NonFinite.firstIn("hidden", vectors))
                            .as(entry.name())
                            .isEmpty();
                }
            });
        }
    }
}
