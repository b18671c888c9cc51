package dev.quantreel.engines.recognition;

import dev.quantreel.engines.convert.ComfyConversion;
import dev.quantreel.engines.convert.ComfyFormat;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GgufBytes;
import dev.quantreel.engines.testing.GoldenResource;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A models folder that tests fill.
abstract class ModelsFolder {

    final Path models;

    ModelsFolder(Path models) {
        this.models = models;
    }

    ModelCatalog scan() {
        return ModelCatalog.scan(List.of(new ModelCatalog.Root("", models)));
    }

    static ModelEntry entry(ModelCatalog catalog, String name) {
        return catalog.entries().stream()
                .filter(entry -> entry.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not among "
                        + catalog.entries().stream().map(ModelEntry::name).toList()));
    }

    Path file(String name) throws IOException {
        Path file = models.resolve(name);
        Files.createDirectories(file.getParent());
        return file;
    }

    void write(String name, Checkpoint checkpoint) throws IOException {
        SafetensorsWriter.write(file(name), checkpoint);
    }

    /// The weights of a golden file.
    void writeGolden(String golden, String name) throws IOException {
        try (SafetensorsFile file = GoldenResource.open(golden)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            file.names().stream()
                    .filter(tensor -> tensor.startsWith("w."))
                    .forEach(tensor -> weights.put(tensor.substring(2), file.tensor(tensor)));
            SafetensorsWriter.write(file(name), weights, file.metadata());
        }
    }

    static Checkpoint fp8Scaled(Checkpoint source) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : source.names()) {
            Tensor tensor = source.tensor(name);
            boolean linear = name.startsWith("blocks.") && name.endsWith(".weight") && tensor.isMatrix();
            tensors.put(name, linear ? Conversions.fromF32(Conversions.toF32(tensor), DType.F8_E4M3) : tensor);
            if (linear) {
                tensors.put(name.replaceFirst("weight$", "scale_weight"), Tensor.scalar(1));
            }
        }
        tensors.put("scaled_fp8", Tensor.zeros(DType.F8_E4M3, Shape.of(0)));
        return new MemoryCheckpoint(source.source(), tensors, source.metadata());
    }

    void writeGguf(String name, Checkpoint source) throws IOException {
        GgufBytes gguf = new GgufBytes().text("general.architecture", "wan");
        for (String tensor : source.names()) {
            Tensor value = Conversions.toF32(source.tensor(tensor));
            gguf.tensor(
                    tensor,
                    0,
                    value.data().toArray(ValueLayout.JAVA_BYTE),
                    value.shape().toArray());
        }
        gguf.text("config", source.metadata().getOrDefault("config", "{}"));
        Files.write(file(name), gguf.toByteArray());
    }

    void writeShards(String folder, Checkpoint source) throws IOException {
        StringBuilder index = new StringBuilder();
        List<String> names = List.copyOf(source.names());
        for (int shard = 0; shard < 2; shard++) {
            String file = "diffusion_pytorch_model-0000%d-of-00002.safetensors".formatted(shard + 1);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int i = shard; i < names.size(); i += 2) {
                tensors.put(names.get(i), source.tensor(names.get(i)));
                index.append(index.isEmpty() ? "" : ",").append("\"" + names.get(i) + "\":\"" + file + "\"");
            }
            SafetensorsWriter.write(file(folder + "/" + file), tensors, Map.of());
        }
        Files.writeString(
                file(folder + "/diffusion_pytorch_model.safetensors.index.json"), "{\"weight_map\":{" + index + "}}");
        Files.writeString(
                file(folder + "/config.json"),
                source.metadata().getOrDefault("config", "{}").replaceFirst("\\{", "{\"_class_name\": \"Wan\", "));
    }

    /// A models folder as people have it: good, broken and foreign files side by side.
    void fill() throws IOException {
        Checkpoint wan = TinyWan.comfy();
        write("diffusion_models/wan.safetensors", wan);
        write("diffusion_models/wan_fp8_scaled.safetensors", fp8Scaled(wan));
        writeGguf("unet/wan.gguf", wan);
        writeShards("Wan-Diffusers/transformer", TinyWan.diffusers());
        ComfyConversion.write(
                wan,
                file("diffusion_models/wan_w4a4.safetensors"),
                new ComfyConversion.Settings(ComfyFormat.CONVROT_W4A4, LayerRule.ALL),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        writeGolden("t5_encoder.safetensors", "text_encoders/t5xxl.safetensors");
        SafetensorsWriter.write(
                file("loras/style.safetensors"),
                Map.of(
                        "lora_unet_blocks_0_ffn_0.lora_down.weight", TinyWan.random(1, 4, 64),
                        "lora_unet_blocks_0_ffn_0.lora_up.weight", TinyWan.random(2, 128, 4)),
                Map.of());
        SafetensorsWriter.write(
                file("loras/flux.safetensors"),
                Map.of(
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", TinyWan.random(1, 4, 64),
                        "transformer.single_transformer_blocks.0.attn.to_q.lora_B.weight", TinyWan.random(2, 64, 4)),
                Map.of());
    }
}
