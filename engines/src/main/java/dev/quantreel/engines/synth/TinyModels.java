package dev.quantreel.engines.synth;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.convert.ComfyConversion;
import dev.quantreel.engines.convert.ComfyFormat;
import dev.quantreel.engines.dit.KeyLayout;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// Writes a models folder, as ComfyUI has it, of tiny checkpoints with random weights: every family of transformers in
/// every layout, text encoders, VAEs, a picture encoder, LoRAs in the three spellings, and one transformer in every
/// container and precision that is written. All of them load and run.
public final class TinyModels {

    private static final long SEED = 7;

    /// Words for the encoders that bring no tokenizer; all others are one unknown word.
    static final String TOKENIZER = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {"a": 4, "cat": 5, "dog": 6, "?": 3}, "unk_token": "?"}}
            """;

    private final Path folder;

    private TinyModels(Path folder) {
        this.folder = folder;
    }

    /// Writes them; files of the same names are replaced.
    ///
    /// @param folder made if missing
    /// @throws IOException when a file cannot be written
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException likewise
    public static void write(Path folder) throws IOException {
        TinyModels models = new TinyModels(folder);
        for (TransformerRelease tiny : TinyTransformers.all()) {
            for (KeyLayout layout : tiny.family().layouts()) {
                models.transformer(tiny, layout);
            }
        }
        for (TinyPart part : TinyPart.all()) {
            models.part(part, part.file());
        }
        models.tokenizer();
        models.formats();
        models.loras();
    }

    private Path file(String name) throws IOException {
        return inside(folder, name);
    }

    /// A file whose folder exists.
    static Path inside(Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return file;
    }

    private void transformer(TransformerRelease tiny, KeyLayout layout) throws IOException {
        String name = tiny.name() + "_tiny_" + layout.name().replace(' ', '_');
        write(plan(tiny, layout.name(), DType.BF16), file("diffusion_models/" + name + ".safetensors"));
    }

    /// A tiny transformer.
    static SyntheticCheckpoint plan(TransformerRelease tiny, String layout, DType precision) {
        return SyntheticCheckpoint.of(
                tiny.family(), tiny.architecture(), new SyntheticCheckpoint.Options(layout, precision, 0, SEED));
    }

    static void write(SyntheticCheckpoint checkpoint, Path file) {
        checkpoint.write(file, bytes -> {}, CancellationToken.NONE);
    }

    private void part(TinyPart part, String name) throws IOException {
        write(SyntheticCheckpoint.of(part, SEED), file(name + ".safetensors"));
    }

    private void tokenizer() throws IOException {
        Files.writeString(file("text_encoders/tokenizer.json"), TOKENIZER);
    }

    /// One Wan transformer in the other containers and precisions.
    private void formats() throws IOException {
        TransformerRelease wan = TinyTransformers.all().getFirst();
        write(plan(wan, "original", DType.F32), file("diffusion_models/wan2.1_t2v_tiny_fp32.safetensors"));
        write(plan(wan, "original", DType.F16), file("diffusion_models/wan2.1_t2v_tiny_fp16.safetensors"));
        write(plan(wan, "original", DType.F8_E4M3), file("diffusion_models/wan2.1_t2v_tiny_fp8_e4m3fn.safetensors"));
        Path diffusers = folder.resolve("Wan2.1-T2V-Tiny-Diffusers/transformer");
        Files.createDirectories(diffusers);
        Files.writeString(diffusers.resolve("config.json"), """
                {"_class_name": "WanTransformer3DModel", "num_attention_heads": 1}
                """);
        SyntheticCheckpoint sharded = plan(wan, "diffusers", DType.BF16);
        sharded.writeShards(diffusers, sharded.dataBytes() / 2, bytes -> {}, CancellationToken.NONE);
        try (CheckpointFile source = CheckpointFiles.open(file("diffusion_models/wan2.1_t2v_tiny_fp32.safetensors"))) {
            SafetensorsWriter.write(
                    file("diffusion_models/wan2.1_t2v_tiny_fp8_scaled.safetensors"),
                    TinyVariants.fp8Scaled(source, layer -> true));
            TinyGguf.write(file("diffusion_models/wan2.1_t2v_tiny_F16.gguf"), source, TinyGguf.F16);
            for (ComfyFormat format : ComfyFormat.values()) {
                ComfyConversion.write(
                        source,
                        file("diffusion_models/wan2.1_t2v_tiny_" + format.id() + ".safetensors"),
                        new ComfyConversion.Settings(format, LayerRule.ALL),
                        QuantizationProgress.NONE,
                        CancellationToken.NONE);
            }
        }
    }

    private void loras() throws IOException {
        int dim = 128;
        SafetensorsWriter.write(
                file("loras/wan_kohya.safetensors"),
                TinyVariants.lora("lora_unet_blocks_0_self_attn_q", ".lora_down", ".lora_up", dim),
                Map.of());
        SafetensorsWriter.write(
                file("loras/wan_diffusers.safetensors"),
                TinyVariants.lora("transformer.blocks.1.attn1.to_q", ".lora_A", ".lora_B", dim),
                Map.of());
        SafetensorsWriter.write(
                file("loras/wan_lightx2v.safetensors"),
                TinyVariants.lora("diffusion_model.blocks.0.self_attn.q", ".lora_down", ".lora_up", dim),
                Map.of());
        SafetensorsWriter.write(
                file("loras/hunyuan_video.safetensors"),
                TinyVariants.lora("transformer.single_transformer_blocks.0.attn.to_q", ".lora_A", ".lora_B", dim),
                Map.of());
    }
}
