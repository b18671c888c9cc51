package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.lora.LoraOrigin;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// The kinds of models that are recognised, tried in order; an all-in-one file is several at once.
final class Recognisers {

    static final List<ModelRecogniser> ALL = List.of(
            Recognisers::lora,
            Recognisers::transformer,
            VaeSigns::recognise,
            TextEncoderSigns::recognise,
            Recognisers::image);

    private Recognisers() {}

    private static Optional<ModelCard> lora(CheckpointFile file) {
        if (!LoraFile.looksLikeOne(file)) {
            return Optional.empty();
        }
        LoraFile lora = LoraFile.of(file);
        String origin = LoraOrigin.of(file).map(name -> "LoRA for " + name).orElse("LoRA");
        return Optional.of(new ModelCard(
                ModelCard.Kind.LORA,
                "LoRA",
                origin + (lora.rank() > 0 ? ", rank " + lora.rank() : ""),
                "",
                parameters(file, name -> true),
                ModelCard.Fits.NOTHING));
    }

    private static Optional<ModelCard> transformer(CheckpointFile file) {
        return TransformerCheckpoint.recognise(file).map(Recognisers::card);
    }

    private static ModelCard card(TransformerCheckpoint transformer) {
        TransformerFacts facts = transformer.facts();
        return new ModelCard(
                ModelCard.Kind.TRANSFORMER,
                transformer.family().title(),
                facts.variant(),
                transformer.layout(),
                transformer.parameters(),
                new ModelCard.Fits(Set.of(facts.latent().space()), texts(facts.text())));
    }

    private static List<ModelCard.Text> texts(TransformerFacts.Text text) {
        return text.encoders().stream()
                .map(family -> new ModelCard.Text(family, width(family, text)))
                .toList();
    }

    /// The main encoder comes first; of the others only CLIP's width is told.
    private static int width(TextEncoderFamily family, TransformerFacts.Text text) {
        if (family == text.encoders().getFirst()) {
            return text.width();
        }
        return family == TextEncoderFamily.CLIP_L ? text.pooledWidth() : 0;
    }

    /// CLIP-ViT-H and SigLIP, which image-to-video models read.
    private static Optional<ModelCard> image(CheckpointFile file) {
        boolean clip = file.contains("vision_model.encoder.layers.0.mlp.fc1.weight")
                || file.contains("visual.transformer.resblocks.0.mlp.c_fc.weight");
        if (!clip || file.contains("text_model.encoder.layers.0.mlp.fc1.weight")) {
            return Optional.empty();
        }
        boolean isClip = !file.contains("vision_model.embeddings.patch_embedding.bias");
        return Optional.of(new ModelCard(
                ModelCard.Kind.IMAGE_ENCODER,
                isClip ? "CLIP vision" : "SigLIP vision",
                "",
                "",
                parameters(file, name -> true),
                ModelCard.Fits.NOTHING));
    }

    /// Elements of the float tensors whose names are accepted.
    static long parameters(Checkpoint file, Predicate<String> accepts) {
        long sum = 0;
        for (String name : file.names()) {
            if (accepts.test(name)) {
                sum += switch (file.dtype(name)) {
                    case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 ->
                        file.shape(name).elements();
                    default -> 0;
                };
            }
        }
        return sum;
    }
}
