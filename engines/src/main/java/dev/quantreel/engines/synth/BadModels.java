package dev.quantreel.engines.synth;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.safetensors.SafetensorsIndex;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Writes a models folder of tiny checkpoints with everything that goes wrong with files, to see that each is
/// explained: damaged downloads, failed conversions, and parts of another model. One transformer in it is whole:
/// `diffusion_models/wan_whole.safetensors`, a Wan 2.1.
public final class BadModels {

    private static final String DIT = "diffusion_models/";
    private static final int UNKNOWN_TYPE = 99;

    private final Path folder;
    private final Checkpoint whole;
    private final SequencedMap<String, String> written = new LinkedHashMap<>();

    private BadModels(Path folder, Checkpoint whole) {
        this.folder = folder;
        this.whole = whole;
    }

    /// Writes them; files of the same names are replaced.
    ///
    /// @param folder made if missing
    /// @return what is wrong with each file, by its name below the folder
    /// @throws IOException when a file cannot be written
    /// @throws dev.quantreel.engines.safetensors.SafetensorsException likewise
    public static SequencedMap<String, String> write(Path folder) throws IOException {
        TransformerRelease wan = TinyTransformers.all().getFirst();
        Path good = TinyModels.inside(folder, DIT + "wan_whole.safetensors");
        TinyModels.write(TinyModels.plan(wan, "original", DType.F32), good);
        try (CheckpointFile whole = CheckpointFiles.open(good)) {
            BadModels models = new BadModels(folder, whole);
            models.downloads();
            models.shards();
            models.conversions();
            models.strangers();
            return models.written;
        }
    }

    private Path file(String name, String what) throws IOException {
        written.put(name, what);
        return TinyModels.inside(folder, name);
    }

    private void save(String name, String what, Checkpoint content) throws IOException {
        SafetensorsWriter.write(file(name, what), content);
    }

    /// Files that did not arrive, or are none.
    private void downloads() throws IOException {
        save(DIT + "truncated.safetensors", "the last two fifths are missing", whole);
        truncate(folder.resolve(DIT + "truncated.safetensors"));
        text("empty.safetensors", "no byte arrived", "");
        text("web_page.safetensors", "a page instead of the file", "<!DOCTYPE html><html>Sign in to download</html>");
        text(
                "git_lfs.safetensors",
                "a pointer of Git LFS",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        text("pickle.pt", "a Python pickle", "PK\3\4");
    }

    private void text(String name, String what, String content) throws IOException {
        Files.writeString(file(DIT + name, what), content, StandardCharsets.ISO_8859_1);
    }

    private static void truncate(Path file) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(open.length() * 3 / 5);
        }
    }

    private void shards() throws IOException {
        truncate(shards("truncated_shard", "the second shard is cut off", Map.of()));
        Files.delete(shards("missing_shard", "the second shard is missing", Map.of()));
        shards(
                "missing_key",
                "the index names a tensor that no shard has",
                Map.of("blocks.9.ffn.2.weight", "missing_key-00001-of-00002.safetensors"));
    }

    /// @param more what the index has beside the tensors
    /// @return the second of two shards
    private Path shards(String name, String what, Map<String, String> more) throws IOException {
        List<String> names = List.copyOf(whole.names());
        Map<String, String> files = new LinkedHashMap<>();
        Path shard = folder;
        for (int i = 0; i < 2; i++) {
            List<String> part =
                    i == 0 ? names.subList(0, names.size() / 2) : names.subList(names.size() / 2, names.size());
            String own = name + "-0000" + (i + 1) + "-of-00002.safetensors";
            shard = TinyModels.inside(folder, DIT + own);
            SafetensorsWriter.write(shard, TinyVariants.without(whole, tensor -> !part.contains(tensor)));
            part.forEach(tensor -> files.put(tensor, own));
        }
        files.putAll(more);
        SafetensorsIndex.write(file(DIT + name + ".safetensors.index.json", what), Files.size(shard), files);
        return shard;
    }

    /// What failed conversions and quantizations leave.
    private void conversions() throws IOException {
        String weight = "blocks.1.ffn.2.weight";
        save(
                DIT + "mixed_layouts.safetensors",
                "block 1 has names of diffusers, the rest the original ones",
                TinyVariants.renamed(
                        whole,
                        name -> name.startsWith("blocks.1.") ? name.replace("self_attn.q", "attn1.to_q") : name));
        save(
                DIT + "mixed_prefixes.safetensors",
                "a tensor twice, with and without a prefix",
                TinyVariants.with(whole, Map.of("model.diffusion_model." + weight, whole.tensor(weight))));
        save(DIT + "missing_tensor.safetensors", "lacks " + weight, TinyVariants.without(whole, weight::equals));
        save(
                DIT + "fp8_without_scales.safetensors",
                "fp8_scaled without any scale",
                TinyVariants.fp8Scaled(whole, layer -> false));
        save(
                DIT + "fp8_some_scales.safetensors",
                "fp8_scaled, one layer without its scale",
                TinyVariants.fp8Scaled(whole, layer -> !weight.startsWith(layer + ".")));
        Tensor broken = Tensor.of(whole.shape(weight), whole.tensor(weight).toFloatArray());
        broken.data().set(Tensor.FLOAT, 0, Float.NaN);
        save(
                DIT + "not_a_number.safetensors",
                "a weight is NaN, which only `inspect` and loading see",
                TinyVariants.with(whole, Map.of(weight, broken)));
        TinyGguf.write(file(DIT + "unknown_type.gguf", "matrices of type 99"), whole, UNKNOWN_TYPE);
    }

    /// Good files of other models.
    private void strangers() throws IOException {
        part("text_encoders/", "t5xxl_fp16", "T5, where Wan reads UMT5");
        part("vae/", "wan2.2_vae", "latents of 48 channels, where Wan 2.1 has 16");
        part("vae/", "hunyuan_video_vae_bf16", "latents of HunyuanVideo, also 16 channels");
        SafetensorsWriter.write(
                file("loras/hunyuan_video.safetensors", "a LoRA for HunyuanVideo"),
                TinyVariants.lora("transformer.single_transformer_blocks.0.attn.to_q", ".lora_A", ".lora_B", 128),
                Map.of());
        SafetensorsWriter.write(
                file("loras/wan_14b.safetensors", "a LoRA for a Wan of width 5120"),
                TinyVariants.lora("diffusion_model.blocks.0.self_attn.q", ".lora_down", ".lora_up", 5120),
                Map.of());
        Path tokenizer = TinyModels.inside(folder, "text_encoders/tokenizer.json");
        Files.writeString(tokenizer, TinyModels.TOKENIZER);
        Files.writeString(
                file("extra_model_paths.yaml", "base_path is a folder that does not exist"),
                "trial:\n  base_path: nowhere\n  diffusion_models: diffusion_models\n");
    }

    private void part(String kind, String name, String what) throws IOException {
        TinyModels.write(SyntheticCheckpoint.of(TinyPart.named(name), 0), file(kind + name + ".safetensors", what));
    }
}
