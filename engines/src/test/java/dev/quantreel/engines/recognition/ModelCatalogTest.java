package dev.quantreel.engines.recognition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GgufBytes;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ModelCatalogTest extends ModelsFolder {

    ModelCatalogTest(@TempDir Path models) {
        super(models);
    }

    static Stream<Arguments> releasesInEveryLayout() {
        return TransformerRelease.all().stream().flatMap(release -> release.family().layouts().stream()
                .map(layout -> Arguments.of(release.name(), layout.name(), release, layout)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("releasesInEveryLayout")
    void everyReleaseIsRecognisedAtItsRealSizeInEveryLayout(
            String name, String layoutName, TransformerRelease release, KeyLayout layout) throws IOException {
        Path path = file("unet/" + name + ".safetensors");
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options(layoutName, DType.BF16, 0, 0))
                .writeSparse(path);

        ModelEntry entry = scan().entries().getFirst();

        assertThat(entry.problem()).isEmpty();
        assertThat(entry.cards()).singleElement().satisfies(card -> {
            assertThat(card.kind()).isEqualTo(ModelCard.Kind.TRANSFORMER);
            assertThat(card.variant()).isEqualTo(release.architecture().facts().variant());
            assertThat(card.layout()).isEqualTo(layout.name());
            assertThat(card.parameters()).isEqualTo(release.parameters());
        });
        assertThat(entry.format())
                .hasValueSatisfying(format -> assertThat(format.precision()).isEqualTo("bf16"));
        assertThat(entry.sizeBytes()).isBetween(2 * release.parameters(), 2 * release.parameters() + 1_000_000);
    }

    @ParameterizedTest
    @CsvSource({
        "umt5_encoder, UMT5",
        "t5_encoder, T5",
        "clip_l, CLIP_L",
        "llama, LLAMA",
        "qwen25, QWEN_25_VL",
        "byt5_encoder, BYT5"
    })
    void textEncodersAreToldApart(String golden, TextEncoderFamily family) throws IOException {
        writeGolden(golden + ".safetensors", "text_encoders/t.safetensors");

        ModelEntry entry = scan().entries().getFirst();

        assertThat(entry.problem()).isEmpty();
        assertThat(entry.cards()).singleElement().satisfies(card -> {
            assertThat(card.family()).isEqualTo(family.title());
            assertThat(card.fits().texts()).extracting(ModelCard.Text::family).containsExactly(family);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "decoder.middle.0.residual.0.gamma, conv2.weight, 16x16x1x1x1, WAN_21",
        "decoder.middle.0.residual.0.gamma, conv2.weight, 48x48x1x1x1, WAN_22",
        "decoder.mid_block.resnets.0.norm1.gamma, post_quant_conv.weight, 16x16x1x1x1, WAN_21",
        "decoder.mid_block.resnets.0.conv1.conv.weight, decoder.conv_in.conv.weight, 8x16x3x3x3, HUNYUAN_VIDEO",
        "decoder.mid_block.resnets.0.conv1.conv.weight, decoder.conv_in.conv.weight, 8x32x3x3x3, HUNYUAN_VIDEO_15",
        "decoder.mid.block_1.conv1.conv.weight, decoder.conv_in.conv.weight, 8x16x3x3x3, HUNYUAN_VIDEO",
        "decoder.mid_block.resnets.0.norm1.conv_y.conv.weight, x, 1x1, COG_VIDEO_X",
        "per_channel_statistics.std-of-means, x, 1x1, LTX_VIDEO",
        "decoder.mid.block_1.conv1.weight, decoder.conv_in.weight, 8x4x3x3, STABLE_DIFFUSION"
    })
    void decodersTellTheirLatents(String sign, String sized, String shape, LatentSpace space) throws IOException {
        long[] dims = Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        SafetensorsWriter.write(
                file("vae/v.safetensors"),
                Map.of("vae." + sign, Tensor.scalar(1), "vae." + sized, Tensor.zeros(DType.F16, Shape.of(dims))),
                Map.of());

        assertThat(scan().entries().getFirst().cards())
                .singleElement()
                .satisfies(card -> assertThat(card.fits().latents()).containsExactly(space));
    }

    @Test
    void decodersThatCannotBeUsedSayWhyAndOthersDoNot() throws IOException {
        writeGolden("taehv_narrow_dec.safetensors", "vae_approx/taehv.safetensors");
        SafetensorsWriter.write(
                file("vae/cog.safetensors"),
                Map.of("decoder.mid_block.resnets.0.norm1.conv_y.conv.weight", Tensor.scalar(1)),
                Map.of());
        ModelCatalog catalog = scan();

        assertThat(entry(catalog, "vae_approx/taehv.safetensors").problem()).isEmpty();
        assertThat(entry(catalog, "vae_approx/taehv.safetensors").cards())
                .singleElement()
                .satisfies(card -> assertThat(card.family()).startsWith("TAEHV"));
        assertThat(entry(catalog, "vae/cog.safetensors").cards()).hasSize(1);
        assertProblem(catalog, "vae/cog.safetensors", "accepted is a decoder of TAEHV", "Wan 2.1");
    }

    @Test
    void everyFormatIsNamed() throws IOException {
        fill();
        ModelCatalog catalog = scan();

        assertFormat(catalog, "diffusion_models/wan.safetensors", "safetensors", "fp32");
        assertFormat(catalog, "diffusion_models/wan_fp8_scaled.safetensors", "safetensors", "fp8_scaled");
        assertFormat(catalog, "diffusion_models/wan_w4a4.safetensors", "safetensors", "convrot_w4a4");
        assertFormat(catalog, "unet/wan.gguf", "GGUF", "fp32");
        assertFormat(
                catalog,
                "Wan-Diffusers/transformer/diffusion_pytorch_model.safetensors.index.json",
                "diffusers folder",
                "fp32");
        assertThat(catalog.entries()).hasSize(8).allSatisfy(entry -> assertThat(entry.problem())
                .as(entry.name())
                .isEmpty());
    }

    private static void assertFormat(ModelCatalog catalog, String name, String container, String precision) {
        ModelEntry entry = entry(catalog, name);
        assertThat(entry.format()).hasValueSatisfying(format -> {
            assertThat(format.container()).isEqualTo(container);
            assertThat(format.precision()).isEqualTo(precision);
        });
        assertThat(entry.cards()).as(name).singleElement().satisfies(card -> assertThat(card.family())
                .startsWith("Wan"));
    }

    @Test
    void brokenFilesHaveALineThatSaysWhy() throws IOException {
        fill();
        Path wan = models.resolve("diffusion_models/wan.safetensors");
        byte[] whole = Files.readAllBytes(wan);
        Files.write(file("a/cut.safetensors"), Arrays.copyOf(whole, whole.length - 5));
        Files.write(file("a/model.ckpt"), new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0});
        Files.write(file("a/page.safetensors"), "<!DOCTYPE html><html></html>".getBytes(StandardCharsets.UTF_8));
        Files.delete(models.resolve("Wan-Diffusers/transformer/diffusion_pytorch_model-00001-of-00002.safetensors"));
        write("a/mixed.safetensors", mixed());
        SafetensorsWriter.write(file("a/other.safetensors"), Map.of("some.weight", Tensor.scalar(1)), Map.of());
        Files.write(
                file("a/strange.gguf"),
                new GgufBytes()
                        .tensor("blocks.0.ffn.0.weight", 21, new byte[110], 256)
                        .toByteArray());
        ModelCatalog catalog = scan();

        assertProblem(catalog, "a/cut.safetensors", "truncated", "5 missing");
        assertProblem(catalog, "a/model.ckpt", "pickle", "refused");
        assertProblem(catalog, "a/page.safetensors", "web page");
        assertProblem(catalog, "a/mixed.safetensors", "mixes the layouts original and diffusers");
        assertProblem(catalog, "a/other.safetensors", "no known model", "some.weight");
        assertProblem(catalog, "a/strange.gguf", "IQ3_S", "accepted are");
        assertProblem(
                catalog,
                "Wan-Diffusers/transformer/diffusion_pytorch_model.safetensors.index.json",
                "00001-of-00002",
                "is missing");
        assertThat(entry(catalog, "diffusion_models/wan.safetensors").problem()).isEmpty();
        assertDamaged(
                catalog,
                "Wan-Diffusers/transformer/diffusion_pytorch_model.safetensors.index.json",
                "a/cut.safetensors",
                "a/mixed.safetensors",
                "a/page.safetensors");
    }

    private static Checkpoint mixed() {
        return TinyWan.renamed(
                TinyWan.comfy(),
                name -> name.equals("blocks.1.self_attn.q.weight") ? "blocks.1.attn1.to_q.weight" : name);
    }

    /// A pickle, an unknown model and a type of GGUF that is not read are no damage.
    private static void assertDamaged(ModelCatalog catalog, String... names) {
        assertThat(catalog.entries().stream().filter(ModelEntry::damaged).map(ModelEntry::name))
                .containsExactly(names);
        assertThat(catalog.damaged()).isEqualTo(names.length);
    }

    private static void assertProblem(ModelCatalog catalog, String name, String... parts) {
        assertThat(entry(catalog, name).problem())
                .hasValueSatisfying(
                        problem -> assertThat(problem).contains(parts).doesNotStartWith("/"));
    }

    @Test
    void shardsWithoutTheirIndexStandForThemselves() throws IOException {
        fill();
        Files.delete(models.resolve("Wan-Diffusers/transformer/diffusion_pytorch_model.safetensors.index.json"));

        assertProblem(
                scan(),
                "Wan-Diffusers/transformer/diffusion_pytorch_model-00002-of-00002.safetensors",
                "one shard of several");
    }

    @Test
    void hiddenFilesAndMissingFoldersArePassedOver() throws IOException {
        write(".cache/wan.safetensors", TinyWan.comfy());
        write("diffusion_models/.wan.safetensors", TinyWan.comfy());

        assertThat(scan().entries()).isEmpty();
        assertThat(ModelCatalog.scan(List.of(new ModelCatalog.Root("vae", models.resolve("none"))))
                        .entries())
                .isEmpty();
    }
}
