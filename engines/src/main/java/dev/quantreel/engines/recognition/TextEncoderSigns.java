package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;
import java.util.Optional;

/// Recognises text encoders: any of these parts of names makes a file one, what it is and whether it is whole
/// [TextEncoder#family] says.
final class TextEncoderSigns {

    private static final List<String> SIGNS = List.of(
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            "text_model.encoder.layers.0.mlp.fc1.weight",
            "model.layers.0.post_attention_layernorm.weight",
            "enc.blk.0.attn_rel_b.weight",
            "blk.0.attn_norm.weight");

    private TextEncoderSigns() {}

    static Optional<ModelCard> recognise(CheckpointFile file) {
        boolean sign = file.names().stream().anyMatch(name -> SIGNS.stream().anyMatch(name::endsWith));
        if (!sign || file.names().stream().anyMatch(name -> name.startsWith("model.diffusion_model."))) {
            return Optional.empty();
        }
        TextEncoderFamily family = TextEncoder.family(file);
        return Optional.of(new ModelCard(
                ModelCard.Kind.TEXT_ENCODER,
                family.title(),
                "",
                "",
                Recognisers.parameters(file, name -> true),
                ModelCard.Fits.text(new ModelCard.Text(family, TextEncoder.width(file)))));
    }
}
