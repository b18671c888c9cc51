package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.Optional;

/// Tells text encoders apart by names and shapes (models.md 3): a position bias in every block makes a T5 a UMT5, a
/// table of bytes a ByT5; biases of keys tell Qwen from Llama.
final class TextEncoderSigns {

    private static final int BYTE_VOCABULARY = 4096;

    private TextEncoderSigns() {}

    static Optional<ModelCard> recognise(CheckpointFile file) {
        return family(file)
                .map(family -> new ModelCard(
                        ModelCard.Kind.TEXT_ENCODER,
                        family.title(),
                        "",
                        "",
                        Recognisers.parameters(file, name -> true),
                        ModelCard.Fits.text(family)));
    }

    private static Optional<TextEncoderFamily> family(CheckpointFile file) {
        if (file.contains(bias(0))) {
            boolean bytes = file.contains("shared.weight")
                    && rows(file, "shared.weight") < BYTE_VOCABULARY
                    && !file.contains("spiece_model")
                    && !file.contains("tokenizer_json");
            if (file.contains(bias(1))) {
                return Optional.of(TextEncoderFamily.UMT5);
            }
            return Optional.of(bytes ? TextEncoderFamily.BYT5 : TextEncoderFamily.T5);
        }
        if (file.contains("text_model.encoder.layers.0.mlp.fc1.weight")) {
            return Optional.of(TextEncoderFamily.CLIP_L);
        }
        if (file.contains("model.layers.0.post_attention_layernorm.weight")) {
            return Optional.of(
                    file.contains("model.layers.0.self_attn.k_proj.bias")
                            ? TextEncoderFamily.QWEN_25_VL
                            : TextEncoderFamily.LLAMA);
        }
        return Optional.empty();
    }

    private static String bias(int block) {
        return "encoder.block." + block + ".layer.0.SelfAttention.relative_attention_bias.weight";
    }

    private static long rows(CheckpointFile file, String name) {
        Shape shape = file.shape(name);
        return shape.rank() == 0 ? 1 : shape.dim(0);
    }
}
