package dev.quantreel.server.config;

import static dev.quantreel.server.config.CommandLineRun.quantreel;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizeCommandTest {

    private final Path folder;
    private final Path source;
    private final Path target;

    QuantizeCommandTest(@TempDir Path folder) {
        this.folder = folder;
        this.source = folder.resolve("tiny/diffusion_models/wan2.1_t2v_tiny_fp32.safetensors");
        this.target = folder.resolve("out.safetensors");
    }

    @BeforeEach
    void models() throws IOException {
        assertThat(quantreel("synth", "--tiny", folder.resolve("tiny")).code()).isZero();
    }

    private CommandLineRun quantize(Object... more) {
        Object[] arguments = new Object[6 + more.length];
        System.arraycopy(
                new Object[] {"quantize", source, "--recipe", "../recipes/dvd-quant-w4.json", "--out", target},
                0,
                arguments,
                0,
                6);
        System.arraycopy(more, 0, arguments, 6, more.length);
        return quantreel(arguments);
    }

    @Test
    void writesAFileThatInspectAndModelsKnow() throws IOException {
        CommandLineRun run = quantize();

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("recipe     dvd-quant-w4, W4A8, by Quantreel")
                .contains("times smaller than in bf16");
        CommandLineRun inspected = quantreel("inspect", target, "--source", source);
        assertThat(inspected.code()).as(inspected.err()).isZero();
        assertThat(inspected.out())
                .contains("safetensors, quantized dvd-quant-w4, W4A8")
                .contains("Quantreel layout")
                .contains("blocks.0.self_attn.q")
                .contains("\"kind\" : \"bgr\"")
                .contains("made from  " + source);
        Files.createDirectories(folder.resolve("models/diffusion_models"));
        Files.copy(target, folder.resolve("models/diffusion_models/q.safetensors"));
        assertThat(quantreel("models", folder.resolve("models")).out())
                .contains("q.safetensors")
                .contains("quantized dvd-quant-w4, W4A8");
    }

    @Test
    void anotherSourceIsToldByItsDigest() {
        assertThat(quantize().code()).isZero();
        Path other = folder.resolve("tiny/diffusion_models/wan2.1_t2v_tiny_fp16.safetensors");
        CommandLineRun run = quantreel("inspect", "--header", target, "--source", other);

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("made from another file than").contains("it has changed since");
    }

    @Test
    void badInputIsExplained() throws IOException {
        Path recipe = folder.resolve("bad.json");
        Files.writeString(recipe, "{\"quantreel_recipe\":1, \"weights\":{\"bitts\":4}}");
        CommandLineRun unknown = quantreel("quantize", source, "--recipe", recipe, "--out", target);
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err())
                .contains("bad.json: weights: there is no field 'bitts'; accepted are quantizer, bits");

        assertThat(quantreel("quantize", source, "--recipe", "none", "--out", target)
                        .err())
                .contains("none: there is no such recipe");
        assertThat(quantreel("inspect", source, "--source", source).err())
                .contains("is no quantized file that names its source");

        assertThat(quantize().code()).isZero();
        assertThat(quantize().err()).contains("exists; --force replaces it");
        assertThat(quantize("--force").code()).isZero();
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        assertThat(quantreel("inspect", target).err())
                .contains("out.safetensors")
                .contains("truncated");
    }

    /// GPTQ and a branch on statistics of the demo model, twice.
    @Test
    void aModelCanMakeTheStatisticsThatARecipeNeeds() throws IOException {
        Path demo = Path.of("../workflows/demo-models");
        Path recipe = folder.resolve("calibrated.json");
        Files.writeString(recipe, """
                {"quantreel_recipe": 1, "layers": {"keep": "blocks.[1-9]"}, "weights": {"bits": 4,
                 "quantizer": {"kind": "gptq"}, "branch": {"kind": "low_rank", "rank": 4, "iterations": 2},
                 "statistics": {"kind": "self_generated", "captions": ["a red circle"], "trajectories": 1, "steps": 2}}}
                """);
        Object[] arguments = {
            "quantize",
            demo.resolve("diffusion_models/quantreel_demo_dit_bf16.safetensors"),
            "--recipe",
            recipe,
            "--text-encoder",
            demo.resolve("text_encoders/quantreel_demo_umt5_bf16.safetensors"),
            "--size",
            "64x64x13",
            "--out",
            target
        };

        CommandLineRun run = quantreel(arguments);
        assertThat(run.code()).as(run.err()).isZero();
        byte[] first = Files.readAllBytes(target);
        Files.delete(target);
        assertThat(quantreel(arguments).code()).isZero();
        assertThat(Files.readAllBytes(target)).isEqualTo(first);
        assertThat(quantreel("inspect", target).out()).contains("gptq", "self_generated", "a red circle");

        Files.delete(target);
        CommandLineRun without = quantreel("quantize", arguments[1], "--recipe", recipe, "--out", target);
        assertThat(without.code()).isEqualTo(2);
        assertThat(without.err()).contains("needs statistics of activations", "--text-encoder FILE");
        assertThat(quantize("--text-encoder", arguments[5]).err()).contains("the recipe needs no statistics");
    }

    private Path gptq(String captions) throws IOException {
        Path recipe = folder.resolve("gptq.json");
        Files.writeString(recipe, """
                {"quantreel_recipe": 1, "weights": {"bits": 4, "quantizer": {"kind": "gptq"},
                 "branch": {"kind": "low_rank", "rank": 2, "iterations": 2},
                 "statistics": {"kind": "self_generated", "captions": [%s], "trajectories": 1, "steps": 1}}}
                """.formatted(captions));
        return recipe;
    }

    private CommandLineRun calibrated(String model, Path recipe, Object... more) {
        Object[] first = {
            "quantize",
            folder.resolve("tiny/diffusion_models").resolve(model),
            "--recipe",
            recipe,
            "--out",
            target,
            "--size",
            "64x64x5"
        };
        Object[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return quantreel(all);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wan2.1_t2v_tiny_original.safetensors",
                "wan2.1_t2v_tiny_fp8_scaled.safetensors",
                "wan2.1_t2v_tiny_F16.gguf",
                "wan2.1_i2v_480p_tiny_original.safetensors",
                "wan2.2_i2v_high_noise_tiny_original.safetensors",
                "wan2.2_ti2v_5B_tiny_original.safetensors",
                "hunyuan_video_t2v_720p_tiny_ComfyUI.safetensors",
                "hunyuan_video_I2V_720p_tiny_original.safetensors",
                "hunyuanvideo1.5_480p_t2v_tiny_repackaged.safetensors",
                "hunyuanvideo1.5_480p_i2v_tiny_diffusers.safetensors",
                "ltx-video-2b-v0.9_tiny_original.safetensors",
                "CogVideoX-2b_tiny_original.safetensors",
                "CogVideoX1.5-5B_tiny_diffusers.safetensors",
                "Latte-1_tiny_diffusers.safetensors"
            })
    void everyFamilyMakesStatisticsWithoutATextEncoder(String model) throws IOException {
        CommandLineRun run = calibrated(model, gptq("\"\""), "--text-encoder", "none");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(quantreel("inspect", target).out()).contains("gptq", "self_generated");
        assertThat(folder.resolve("out.safetensors.part.statistics")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({
        "hunyuan_video_t2v_720p_tiny_ComfyUI.safetensors, llava_llama3_fp16.safetensors, clip_l.safetensors, CLIP-L",
        "hunyuanvideo1.5_480p_t2v_tiny_original.safetensors, qwen_2.5_vl_7b.safetensors,"
                + " byt5_small_glyphxl_fp16.safetensors, ByT5"
    })
    void modelsOfTwoTextEncodersTakeBoth(String model, String first, String second, String title) throws IOException {
        Path encoders = folder.resolve("tiny/text_encoders");
        tokenizerOfClip(encoders.resolve("clip_l.safetensors"));
        Path recipe = gptq("\"a sign that says 'open'\"");
        CommandLineRun one = calibrated(model, recipe, "--text-encoder", encoders.resolve(first));
        assertThat(one.code()).isEqualTo(2);
        assertThat(one.err()).contains("reads the text of " + title, "--text-encoder FILE");
        CommandLineRun both = calibrated(
                model, recipe, "--text-encoder", encoders.resolve(second), "--text-encoder", encoders.resolve(first));
        assertThat(both.code()).as(both.err()).isZero();
        byte[] written = Files.readAllBytes(target);
        CommandLineRun none = calibrated(model, gptq("\"\""), "--force", "--text-encoder", "none");
        assertThat(none.code()).as(none.err()).isZero();
        assertThat(Files.readAllBytes(target)).isNotEqualTo(written);
    }

    /// CLIP's pooled vector is that of the end token, its last one, which the tokenizer of the others does not have.
    private static void tokenizerOfClip(Path file) throws IOException {
        long end;
        try (CheckpointFile clip = CheckpointFiles.open(file)) {
            end = clip.shape("text_model.embeddings.token_embedding.weight").dim(0) - 1;
        }
        Files.writeString(file.resolveSibling("clip_l.tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": null,
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "end", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {"end": {"id": "end", "ids": [%d], "tokens": ["end"]}}},
                 "model": {"type": "WordLevel", "vocab": {"a": 4, "?": 3, "end": %d}, "unk_token": "?"}}
                """.formatted(end, end));
    }

    @Test
    void captionsWithoutAnEncoderAndForeignEncodersAreRefused() throws IOException {
        String wan = "wan2.1_t2v_tiny_original.safetensors";
        assertThat(calibrated(wan, gptq("\"a cat\""), "--text-encoder", "none").err())
                .contains("--text-encoder is none", "captions");
        Path t5 = folder.resolve("tiny/text_encoders/t5xxl_fp16.safetensors");
        assertThat(calibrated(wan, gptq("\"\""), "--text-encoder", t5).err()).contains("comes from T5-XXL", "UMT5");
        assertThat(calibrated(wan, gptq("\"\""), "--text-encoder", "none", "--text-encoder", t5)
                        .err())
                .contains("none and a file");
    }
}
