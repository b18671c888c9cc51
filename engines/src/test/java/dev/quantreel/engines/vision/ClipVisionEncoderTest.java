package dev.quantreel.engines.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipVisionEncoderTest {

    private static final SafetensorsFile GOLDEN = GoldenResource.open("clip_vision.safetensors");

    @ParameterizedTest
    @CsvSource({"picture, CENTER, centre", "picture, NONE, whole", "enlarged, NONE, enlarged"})
    void picturesArePreparedAsTorchDoes(String picture, ImageCrop crop, String expected) {
        float[] actual = ClipPixels.of(frames(picture), 0, crop, ClipVisionConfig.of(ClipVisionKeys.of(transformers())))
                .toFloatArray();
        float[] wanted = GOLDEN.tensor("out." + expected).toFloatArray();
        int off = 0;
        for (int i = 0; i < actual.length; i++) {
            // A value at the border of two 8-bit steps may fall to either.
            assertThat(actual[i]).isCloseTo(wanted[i], within(1.01f / 255 / 0.26f));
            off += Math.abs(actual[i] - wanted[i]) > 1e-5 ? 1 : 0;
        }
        assertThat(off).isLessThan(4);
    }

    @Test
    void theLayoutsOfOpenClipAndWanGiveTheSameVectors() {
        Tensor expected = encode(transformers());

        assertThat(encode(fused("visual.transformer.resblocks.", false)).data().mismatch(expected.data()))
                .isEqualTo(-1);
        assertThat(encode(fused("visual.transformer.", true)).data().mismatch(expected.data()))
                .isEqualTo(-1);
        assertThat(expected.shape()).isEqualTo(Shape.of(1, 17, 48));
    }

    @Test
    void theLastLayerIsNotRun() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Checkpoint all = transformers();
        all.names().forEach(name -> {
            Tensor tensor = all.tensor(name);
            boolean last = name.contains("layers.3.") || name.contains("post_layernorm");
            tensors.put(name, last ? Tensor.zeros(DType.F32, tensor.shape()) : tensor);
        });
        Tensor hidden = encode(new MemoryCheckpoint("file", tensors, all.metadata()));
        assertThat(hidden.data().mismatch(encode(all).data())).isEqualTo(-1);
    }

    @Test
    void anotherFileIsNamed() {
        Checkpoint text = new MemoryCheckpoint(
                "clip_l.safetensors", Map.of("text_model.encoder.layers.0.mlp.fc1.weight", Tensor.scalar(1)), Map.of());
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> ClipVisionEncoder.describe(text))
                .withMessageContaining("CLIP text encoder")
                .withMessageContainingAll("clip_vision_h.safetensors", "sigclip_vision_patch14_384.safetensors");
        assertThat(ClipVisionEncoder.describe(transformers()))
                .isEqualTo("CLIP vision, 4 layers, width 48, pictures of 28 pixels");
    }

    @Test
    void siglipIsToldByItsKeysAndReadsItsOwnSizes() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("vision_model.encoder.layers.0.layer_norm1.weight", Tensor.zeros(DType.F32, Shape.of(1152)));
        tensors.put("vision_model.encoder.layers.1.layer_norm1.weight", Tensor.zeros(DType.F32, Shape.of(1152)));
        tensors.put(ClipVisionKeys.PATCHES, Tensor.zeros(DType.F32, Shape.of(1152, 3, 14, 14)));
        tensors.put(ClipVisionKeys.POSITIONS, Tensor.zeros(DType.F32, Shape.of(729, 1152)));
        Checkpoint file = new MemoryCheckpoint("sigclip_vision_patch14_384.safetensors", tensors, Map.of());
        ClipVisionConfig config = ClipVisionConfig.of(ClipVisionKeys.of(file));

        assertThat(ClipVisionEncoder.describe(file))
                .isEqualTo("SigLIP vision, 2 layers, width 1152, pictures of 384 pixels");
        assertThat(config.heads()).isEqualTo(16);
        assertThat(config.tokens()).isEqualTo(729);
    }

    private static Tensor encode(Checkpoint checkpoint) {
        try (Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
                ClipVisionEncoder encoder = ClipVisionEncoder.open(engine, checkpoint)) {
            return encoder.encode(GOLDEN.tensor("out.centre"), CancellationToken.NONE);
        }
    }

    private static Frames frames(String name) {
        Tensor picture = GOLDEN.tensor("in." + name);
        return new Frames(
                picture.reshape(1, picture.shape().dim(0), picture.shape().dim(1), 3));
    }

    private static Checkpoint transformers() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        GOLDEN.names().stream()
                .filter(name -> name.startsWith("w."))
                .forEach(name -> tensors.put(name.substring(2), GOLDEN.tensor(name)));
        return new MemoryCheckpoint("clip_vision", tensors, GOLDEN.metadata());
    }

    /// Written down from the files of open_clip and Wan.
    private static Checkpoint fused(String blocks, boolean wan) {
        Checkpoint from = transformers();
        Map<String, Tensor> to = new LinkedHashMap<>();
        String embeddings = "vision_model.embeddings.";
        Tensor token = from.tensor(embeddings + "class_embedding");
        Tensor positions = from.tensor(embeddings + "position_embedding.weight");
        to.put(wan ? "visual.cls_embedding" : "visual.class_embedding", wan ? token.reshape(1, 1, 48) : token);
        to.put(
                wan ? "visual.pos_embedding" : "visual.positional_embedding",
                wan ? positions.reshape(1, 17, 48) : positions);
        to.put(
                wan ? "visual.patch_embedding.weight" : "visual.conv1.weight",
                from.tensor(embeddings + "patch_embedding.weight"));
        for (String kind : List.of("weight", "bias")) {
            to.put(
                    (wan ? "visual.pre_norm." : "visual.ln_pre.") + kind,
                    from.tensor("vision_model.pre_layrnorm." + kind));
            for (int i = 0; i < 4; i++) {
                String old = "vision_model.encoder.layers." + i + ".";
                String block = blocks + i + ".";
                to.put(
                        block + (wan ? "attn.to_qkv." : "attn.in_proj_") + kind,
                        stacked(List.of(
                                from.tensor(old + "self_attn.q_proj." + kind),
                                from.tensor(old + "self_attn.k_proj." + kind),
                                from.tensor(old + "self_attn.v_proj." + kind))));
                to.put(
                        block + (wan ? "attn.proj." : "attn.out_proj.") + kind,
                        from.tensor(old + "self_attn.out_proj." + kind));
                to.put(block + (wan ? "norm1." : "ln_1.") + kind, from.tensor(old + "layer_norm1." + kind));
                to.put(block + (wan ? "norm2." : "ln_2.") + kind, from.tensor(old + "layer_norm2." + kind));
                to.put(block + (wan ? "mlp.0." : "mlp.c_fc.") + kind, from.tensor(old + "mlp.fc1." + kind));
                to.put(block + (wan ? "mlp.2." : "mlp.c_proj.") + kind, from.tensor(old + "mlp.fc2." + kind));
            }
        }
        return new MemoryCheckpoint("fused", to, from.metadata());
    }

    private static Tensor stacked(List<Tensor> parts) {
        long[] dims = parts.getFirst().shape().toArray();
        dims[0] *= parts.size();
        Tensor result = Tensor.zeros(DType.F32, Shape.of(dims));
        long bytes = parts.getFirst().data().byteSize();
        for (int i = 0; i < parts.size(); i++) {
            MemorySegment.copy(parts.get(i).data(), 0, result.data(), i * bytes, bytes);
        }
        return result;
    }
}
