package dev.quantreel.engines.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VaeLayoutTest {

    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @CsvSource({
        "ORIGINAL, post_quant_conv.weight, conv2.weight",
        "ORIGINAL, quant_conv.bias, conv1.bias",
        "ORIGINAL, decoder.conv_in.weight, decoder.conv1.weight",
        "ORIGINAL, decoder.mid_block.resnets.1.conv2.bias, decoder.middle.2.residual.6.bias",
        "ORIGINAL, decoder.mid_block.attentions.0.norm.gamma, decoder.middle.1.norm.gamma",
        "ORIGINAL, decoder.up_blocks.1.resnets.0.conv_shortcut.weight, decoder.upsamples.4.shortcut.weight",
        "ORIGINAL, decoder.up_blocks.2.upsampler.resample.1.weight, decoder.upsamples.11.resample.1.weight",
        "ORIGINAL, decoder.norm_out.gamma, decoder.head.0.gamma",
        "ORIGINAL, decoder.conv_out.weight, decoder.head.2.weight",
        "ORIGINAL, encoder.down_blocks.4.norm2.gamma, encoder.downsamples.4.residual.3.gamma",
        "ORIGINAL, encoder.down_blocks.5.time_conv.weight, encoder.downsamples.5.time_conv.weight",
        "ORIGINAL_NESTED, decoder.up_blocks.1.resnets.2.norm1.gamma, decoder.upsamples.1.upsamples.2.residual.0.gamma",
        "ORIGINAL_NESTED, decoder.up_blocks.0.upsampler.time_conv.bias, decoder.upsamples.0.upsamples.3.time_conv.bias",
        "ORIGINAL_NESTED, encoder.down_blocks.2.resnets.1.conv2., encoder.downsamples.2.downsamples.1.residual.6.",
        "ORIGINAL_NESTED, encoder.down_blocks.1.downsampler.time_conv, encoder.downsamples.1.downsamples.2.time_conv",
        "DIFFUSERS, decoder.up_blocks.0.upsampler.time_conv.bias, decoder.up_blocks.0.upsamplers.0.time_conv.bias"
    })
    void wansNamesAreThoseOfItsAuthors(WanVaeLayout layout, String diffusers, String expected) {
        assertThat(layout.name(diffusers)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "ORIGINAL, decoder.up_blocks.0.resnets.2.conv_shortcut, decoder.up.3.block.2.nin_shortcut",
        "ORIGINAL, decoder.up_blocks.2.upsamplers.0.conv, decoder.up.1.upsample.conv",
        "ORIGINAL, decoder.mid_block.resnets.1.norm1, decoder.mid.block_2.norm1",
        "ORIGINAL, decoder.mid_block.attentions.0.group_norm, decoder.mid.attn_1.norm",
        "ORIGINAL, decoder.mid_block.attentions.0.to_q, decoder.mid.attn_1.q",
        "ORIGINAL, decoder.mid_block.attentions.0.to_out.0, decoder.mid.attn_1.proj_out",
        "ORIGINAL, decoder.conv_norm_out, decoder.norm_out",
        "VIDEO, decoder.up_blocks.1.upsamplers.0.conv, decoder.up_blocks.1.upsamplers.0.conv.conv",
        "VIDEO, encoder.down_blocks.1.downsamplers.0.conv, encoder.down_blocks.1.downsamplers.0.conv.conv",
        "VIDEO, decoder.up_blocks.1.resnets.0.norm1, decoder.up_blocks.1.resnets.0.norm1"
    })
    void autoencodersNamesAreThoseOfTheirAuthors(KlLayout layout, String diffusers, String expected) {
        assertThat(layout.layer(diffusers)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "encoder.down_blocks.2.resnets.1.norm1, encoder.down.2.block.1.norm1",
        "encoder.down_blocks.0.downsamplers.0.conv.conv, encoder.down.0.downsample.conv.conv",
        "encoder.mid_block.resnets.1.conv2.conv, encoder.mid.block_2.conv2.conv",
        "decoder.mid_block.attentions.0.to_q, decoder.mid.attn_1.q",
        "decoder.mid_block.attentions.0.proj_out, decoder.mid.attn_1.proj_out",
        "decoder.up_blocks.3.upsamplers.0.conv.conv, decoder.up.3.upsample.conv.conv",
        "decoder.norm_out, decoder.norm_out"
    })
    void hunyuanVideo15sNamesAreThoseOfItsAuthors(String diffusers, String expected) {
        assertThat(Hunyuan15Layout.ORIGINAL.layer(diffusers)).isEqualTo(expected);
        assertThat(Hunyuan15Layout.DIFFUSERS.layer(diffusers)).isEqualTo(diffusers);
    }

    @Test
    void theOriginalLayoutsGiveTheSamePictures() {
        assertSame("hunyuan15_vae_diffusers", Hunyuan15Layout.ORIGINAL::layer);
        assertSame(
                "wan21_vae_diffusers",
                name -> WanVaeLayout.ORIGINAL.name(name.replace(".upsamplers.0.", ".upsampler.")));
        assertSame("wan22_vae_diffusers", WanVaeLayout.ORIGINAL_NESTED::name);
        assertSame("sd_vae_diffusers", VaeLayoutTest::originalAutoencoder);
        assertSame("ltx_vae_diffusers", VaeLayoutTest::originalLtx);
        assertSame("ltx_vae_timestep", VaeLayoutTest::originalLtx091);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vae.", "first_stage_model."})
    void aVaeWithinAnAllInOneCheckpointIsFound(String prefix) {
        assertSame("wan21_vae_dec", name -> prefix + name);
        assertSame("taehv_narrow_dec", name -> prefix + name);
        assertSame("ltx_vae_diffusers", name -> prefix + originalLtx(name));
    }

    private void assertSame(String golden, UnaryOperator<String> rename) {
        Checkpoint file = VaeFixtures.weights(golden);
        Checkpoint renamed = VaeFixtures.weights(golden, rename);
        assertThat(renamed.names()).hasSameSizeAs(file.names());
        try (VaeDecoder decoder = VaeDecoder.open(engine, file);
                VaeDecoder other = VaeDecoder.open(engine, renamed)) {
            assertThat(other.traits()).isEqualTo(decoder.traits());
            Tensor latent = latent(decoder.traits().latentChannels());
            Frames pictures = decoder.decode(latent, CancellationToken.NONE);

            assertThat(VaeFixtures.worst(other.decode(latent, CancellationToken.NONE), pictures))
                    .as(golden)
                    .isZero();
        }
    }

    /// The table of diffusers' conversion script, read backwards.
    private static String originalLtx(String name) {
        Map<String, String> table = new LinkedHashMap<>();
        table.put("up_blocks.3.conv_in", "up_blocks.7");
        table.put("up_blocks.3.upsamplers.0", "up_blocks.8");
        table.put("up_blocks.3.resnets", "up_blocks.9.res_blocks");
        table.put("up_blocks.2.conv_in", "up_blocks.4");
        table.put("up_blocks.2.upsamplers.0", "up_blocks.5");
        table.put("up_blocks.2.resnets", "up_blocks.6.res_blocks");
        table.put("up_blocks.1.upsamplers.0", "up_blocks.2");
        table.put("up_blocks.1.resnets", "up_blocks.3.res_blocks");
        table.put("up_blocks.0.resnets", "up_blocks.1.res_blocks");
        table.put("mid_block.resnets", "up_blocks.0.res_blocks");
        return common(first(name, table));
    }

    private static String originalLtx091(String name) {
        Map<String, String> table = new LinkedHashMap<>();
        for (int block = 0; block < 3; block++) {
            table.put("up_blocks." + block + ".upsamplers.0", "up_blocks." + (2 * block + 1));
            table.put("up_blocks." + block + ".resnets", "up_blocks." + (2 * block + 2) + ".res_blocks");
            table.put("up_blocks." + block + ".time_embedder", "up_blocks." + (2 * block + 2) + ".time_embedder");
        }
        table.put("mid_block.resnets", "up_blocks.0.res_blocks");
        table.put("mid_block.time_embedder", "up_blocks.0.time_embedder");
        table.put("decoder.time_embedder", "decoder.last_time_embedder");
        table.put("decoder.scale_shift_table", "decoder.last_scale_shift_table");
        return common(first(name, table));
    }

    private static String common(String name) {
        return name.replace("conv_shortcut.conv", "conv_shortcut")
                .replace("norm3.", "norm3.norm.")
                .replace("latents_mean", "per_channel_statistics.mean-of-means")
                .replace("latents_std", "per_channel_statistics.std-of-means");
    }

    private static String first(String name, Map<String, String> table) {
        for (Map.Entry<String, String> entry : table.entrySet()) {
            if (name.contains(entry.getKey())) {
                return name.replace(entry.getKey(), entry.getValue());
            }
        }
        return name;
    }

    private static String originalAutoencoder(String name) {
        int end = name.lastIndexOf('.');
        return KlLayout.ORIGINAL.layer(name.substring(0, end)) + name.substring(end);
    }

    @ParameterizedTest
    @CsvSource({
        "wan21_vae_dec, 0",
        "hunyuan_vae_dec, 0",
        "sd_vae_diffusers, 0",
        "ltx_vae_diffusers, 2",
        "ltx_vae_timestep, 3",
        "taehv_narrow_dec, 0",
        "taehv_wan22, 0",
        "taehv_hunyuan15, 0"
    })
    void everyTensorOfADecoderIsUsed(String golden, int statistics) {
        Checkpoint file = VaeFixtures.weights(golden);
        Set<String> read = new HashSet<>();
        Checkpoint watched = new WatchedCheckpoint(file, read);
        try (Arena arena = Arena.ofShared()) {
            DecoderFamilies.plan(watched).graph().build(arena);
        }

        Set<String> unused = new TreeSet<>(file.names());
        unused.removeAll(read);
        // LTX-Video's statistics are read for the latent; its timestep is a constant.
        unused.removeIf(name -> name.endsWith("timestep_scale_multiplier"));
        assertThat(unused).isEmpty();
        assertThat(file.names().stream().filter(name -> name.contains("latents_") || name.contains("multiplier")))
                .hasSize(statistics);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wan21_vae_diffusers",
                "wan22_vae_diffusers",
                "hunyuan_vae_encoder",
                "hunyuan15_vae_diffusers",
                "ltx_vae_encoder",
                "ltx095_vae_encoder"
            })
    void everyTensorOfAnAutoencoderIsUsed(String golden) {
        Checkpoint file = VaeFixtures.weights(golden);
        Set<String> read = new HashSet<>();
        Checkpoint watched = new WatchedCheckpoint(file, read);
        VaeDecoder.open(engine, watched).close();
        VaeEncoder.open(engine, watched).close();

        assertThat(read).containsAll(file.names());
    }

    @ParameterizedTest
    @CsvSource({"wan21_vae_diffusers, ORIGINAL", "wan22_vae_diffusers, ORIGINAL_NESTED"})
    void theOriginalLayoutsGiveTheSameLatents(String golden, WanVaeLayout layout) {
        Random random = new Random(4);
        byte[] rgb = new byte[5 * 32 * 48 * 3];
        random.nextBytes(rgb);
        Frames frames = Frames.ofBytes(5, 32, 48, rgb);
        Checkpoint renamed =
                VaeFixtures.weights(golden, name -> layout.name(name.replace(".upsamplers.0.", ".upsampler.")));
        try (VaeEncoder encoder = VaeEncoder.open(engine, VaeFixtures.weights(golden));
                VaeEncoder other = VaeEncoder.open(engine, renamed)) {
            assertThat(latent(other, frames)).isEqualTo(latent(encoder, frames));
        }
    }

    @Test
    void everyTensorOfCogVideoXsEncoderIsUsedAndItsDecoderIsRefusedByName() {
        Checkpoint file = VaeFixtures.weights("cogvideox_vae_encoder");
        Set<String> read = new HashSet<>();
        VaeEncoder.open(engine, new WatchedCheckpoint(file, read)).close();

        assertThat(read)
                .containsAll(file.names().stream()
                        .filter(name -> name.startsWith("encoder."))
                        .toList());
        assertThat(VaeDecoder.traits(file).family()).isEqualTo("CogVideoX VAE");
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeDecoder.open(engine, file))
                .withMessageContainingAll("CogVideoX", "taecvx");
    }

    /// The table of diffusers' conversion script, read backwards.
    @Test
    void ltxVideosEncoderIsFoundUnderItsAuthorsNames() {
        Map<String, String> table = new LinkedHashMap<>();
        table.put("encoder.mid_block.resnets", "encoder.down_blocks.8.res_blocks");
        table.put("encoder.down_blocks.3.resnets", "encoder.down_blocks.7.res_blocks");
        table.put("encoder.down_blocks.2.downsamplers.0", "encoder.down_blocks.6");
        table.put("encoder.down_blocks.2.resnets", "encoder.down_blocks.5.res_blocks");
        table.put("encoder.down_blocks.1.conv_out", "encoder.down_blocks.4");
        table.put("encoder.down_blocks.1.downsamplers.0", "encoder.down_blocks.3");
        table.put("encoder.down_blocks.1.resnets", "encoder.down_blocks.2.res_blocks");
        table.put("encoder.down_blocks.0.downsamplers.0", "encoder.down_blocks.1");
        table.put("encoder.down_blocks.0.resnets", "encoder.down_blocks.0.res_blocks");
        Checkpoint renamed = VaeFixtures.weights(
                "ltx_vae_encoder",
                name -> name.startsWith("encoder.") ? common(first(name, table)) : originalLtx(name));
        Random random = new Random(5);
        byte[] rgb = new byte[17 * 32 * 64 * 3];
        random.nextBytes(rgb);
        Frames frames = Frames.ofBytes(17, 32, 64, rgb);
        try (VaeEncoder encoder = VaeEncoder.open(engine, VaeFixtures.weights("ltx_vae_encoder"));
                VaeEncoder other = VaeEncoder.open(engine, renamed)) {
            assertThat(latent(other, frames)).isEqualTo(latent(encoder, frames));
        }
    }

    private static float[] latent(VaeEncoder encoder, Frames frames) {
        return encoder.encode(frames, DecodeOptions.AUTO, CancellationToken.NONE, (done, total) -> {})
                .toFloatArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"wan21_vae_diffusers", "wan22_vae_diffusers"})
    void memoryOfEncodingGrowsWithThePictureUpToTheTileAndNotWithTheClip(String golden) {
        DecodeOptions tiled = new DecodeOptions(64, 0);
        try (VaeEncoder encoder = VaeEncoder.open(engine, VaeFixtures.weights(golden))) {
            long one = encoder.workingBytes(frames(1, 64), DecodeOptions.AUTO);
            long clip = encoder.workingBytes(frames(5, 64), DecodeOptions.AUTO);

            assertThat(one).isPositive();
            assertThat(clip).isBetween(one + 1, 4 * one);
            assertThat(encoder.workingBytes(frames(9, 64), DecodeOptions.AUTO)).isEqualTo(clip);
            assertThat(encoder.workingBytes(frames(1, 128), DecodeOptions.AUTO)).isGreaterThanOrEqualTo(4 * one);
            assertThat(encoder.workingBytes(frames(1, 128), tiled)).isEqualTo(one);
        }
    }

    @Test
    void whatAllFramesSeeIsKeptAndCounted() {
        try (VaeEncoder encoder = VaeEncoder.open(engine, VaeFixtures.weights("hunyuan15_vae_diffusers"))) {
            long five = encoder.workingBytes(frames(5, 64), DecodeOptions.AUTO);
            long nine = encoder.workingBytes(frames(9, 64), DecodeOptions.AUTO);
            long thirteen = encoder.workingBytes(frames(13, 64), DecodeOptions.AUTO);
            long cells = 4 * 4;

            // Keys and values of 8 channels, twice, and the scores of a frame's cells to another's, twice.
            assertThat(nine - five).isEqualTo(thirteen - nine).isEqualTo(4 * (2 * 2 * 8 * cells + 2 * cells * cells));
        }
    }

    private static Frames frames(int count, int side) {
        return Frames.ofBytes(count, side, side, new byte[count * side * side * 3]);
    }

    @Test
    void superVariantsAreRefusedByName() {
        Checkpoint file = new MemoryCheckpoint(
                "taew2_1_super.safetensors",
                Map.of("decoder.0.weight", Tensor.scalar(0), "decoder.1.conv.3.weight", Tensor.scalar(0)),
                Map.of());

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeDecoder.open(engine, file))
                .withMessageContainingAll("taew2_1_super.safetensors", "'super' TAEHV", "without _super");
    }

    @Test
    void aDecoderWithoutEncoderSaysWhichFileHasOne() {
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeEncoder.open(engine, VaeFixtures.weights("taehv_narrow_dec")))
                .withMessageContainingAll("a TAEHV video decoder", "wan_2.1_vae", "wan2.2_vae");
    }

    @Test
    void aTensorOfAnotherWidthIsNamed() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Checkpoint file = VaeFixtures.weights("wan21_vae_dec");
        file.names().forEach(name -> tensors.put(name, file.tensor(name)));
        tensors.put("decoder.middle.0.residual.2.weight", Tensor.zeros(DType.F32, Shape.of(16, 8, 3, 3, 3)));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> VaeDecoder.open(engine, new MemoryCheckpoint("odd", tensors, Map.of())))
                .withMessageContainingAll("odd", "decoder.middle.0.residual.2.weight", "16 channels");
    }

    private static Tensor latent(int channels) {
        Random random = new Random(3);
        float[] values = new float[channels * 2 * 6];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(1, channels, 2, 2, 3), values);
    }
}
