package dev.quantreel.engines.recognition;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// What an entry of a catalog works with among what is there, and what it lacks.
///
/// @param partners names of files it pairs with
/// @param lacks sentences: what is missing or stands there in its place, and which file would fit
public record Pairing(List<String> partners, List<String> lacks) {

    private static final Map<String, ModelCard.Kind> FOLDERS = Map.of(
            "diffusion_models", ModelCard.Kind.TRANSFORMER,
            "unet", ModelCard.Kind.TRANSFORMER,
            "text_encoders", ModelCard.Kind.TEXT_ENCODER,
            "clip", ModelCard.Kind.TEXT_ENCODER,
            "vae", ModelCard.Kind.VAE,
            "vae_approx", ModelCard.Kind.VAE,
            "loras", ModelCard.Kind.LORA,
            "clip_vision", ModelCard.Kind.IMAGE_ENCODER);

    public Pairing {
        partners = List.copyOf(partners);
        lacks = List.copyOf(lacks);
    }

    /// Looks for the partners of an entry.
    public static Pairing of(ModelEntry entry, ModelCatalog catalog) {
        List<String> partners = new ArrayList<>();
        List<String> lacks = new ArrayList<>();
        for (ModelCard card : entry.cards()) {
            switch (card.kind()) {
                case TRANSFORMER -> transformer(card, catalog, partners, lacks);
                case VAE, TEXT_ENCODER -> partners.addAll(readers(card, catalog));
                case LORA -> lora(entry, catalog, partners, lacks);
                case IMAGE_ENCODER -> {}
            }
        }
        misplaced(entry).ifPresent(lacks::add);
        return new Pairing(
                partners.stream()
                        .distinct()
                        .filter(name -> !name.equals(entry.name()))
                        .toList(),
                lacks);
    }

    private static void transformer(ModelCard card, ModelCatalog catalog, List<String> partners, List<String> lacks) {
        for (ModelCard.Text text : card.fits().texts()) {
            List<String> found = offering(catalog, ModelCard.Kind.TEXT_ENCODER, other -> other.fits().texts().stream()
                    .anyMatch(text::fits));
            partners.addAll(found);
            if (found.isEmpty()) {
                lacks.add(card.title() + " needs the text encoder "
                        + text.family().title() + " ("
                        + text.family().usualFile() + ")"
                        + ofAnotherWidth(text, catalog)
                                .orElseGet(() -> inItsPlace(catalog, ModelCard.Kind.TEXT_ENCODER)));
            }
        }
        for (LatentSpace space : card.fits().latents()) {
            List<String> found = offering(
                    catalog, ModelCard.Kind.VAE, other -> other.fits().latents().contains(space));
            partners.addAll(found);
            if (found.isEmpty()) {
                lacks.add(card.title() + " needs a VAE for " + space.title() + " latents of " + space.channels()
                        + " channels (" + space.decoders() + ")" + inItsPlace(catalog, ModelCard.Kind.VAE));
            }
        }
    }

    /// A file in the folder of another kind is not offered by the node that would load it.
    private static Optional<String> misplaced(ModelEntry entry) {
        List<String> folders = List.of(entry.name().split("/"));
        Set<ModelCard.Kind> expected = FOLDERS.entrySet().stream()
                .filter(folder -> folders.subList(0, folders.size() - 1).contains(folder.getKey()))
                .map(Map.Entry::getValue)
                .collect(Collectors.toSet());
        return expected.isEmpty() || entry.cards().isEmpty() || entry.cards().size() > 1
                ? Optional.empty()
                : entry.cards().stream()
                        .filter(card -> !expected.contains(card.kind()))
                        .map(card -> "is a " + card.kind().word() + " (" + card.title() + ") in the folder of another"
                                + " kind; nodes look for it in " + card.kind().folder())
                        .findFirst();
    }

    /// The right family in a size that belongs to another model.
    private static Optional<String> ofAnotherWidth(ModelCard.Text needed, ModelCatalog catalog) {
        return catalog.entries().stream()
                .flatMap(entry -> entry.cards(ModelCard.Kind.TEXT_ENCODER)
                        .flatMap(card -> card.fits().texts().stream())
                        .filter(text -> text.family() == needed.family())
                        .map(text -> " with vectors of width " + needed.width() + "; " + entry.name()
                                + " has vectors of width " + text.width() + ", which do not fit"))
                .findFirst();
    }

    /// What is there of the same kind but of another family.
    private static String inItsPlace(ModelCatalog catalog, ModelCard.Kind kind) {
        String others = catalog.entries().stream()
                .flatMap(entry -> entry.cards(kind).map(card -> entry.name() + " is " + card.title()))
                .distinct()
                .limit(3)
                .collect(Collectors.joining(", "));
        return others.isEmpty() ? "; there is no " + kind.word() + " here" : "; " + others + ", which does not fit";
    }

    private static List<String> offering(ModelCatalog catalog, ModelCard.Kind kind, Predicate<ModelCard> accepts) {
        return catalog.entries().stream()
                .filter(entry -> entry.cards(kind).anyMatch(accepts))
                .map(ModelEntry::name)
                .toList();
    }

    /// The transformers that a VAE or a text encoder serves.
    private static List<String> readers(ModelCard card, ModelCatalog catalog) {
        return offering(
                catalog,
                ModelCard.Kind.TRANSFORMER,
                reader -> reader.fits().latents().stream().anyMatch(card.fits().latents()::contains)
                        || reader.fits().texts().stream()
                                .anyMatch(needed -> card.fits().texts().stream().anyMatch(needed::fits)));
    }

    private static void lora(ModelEntry entry, ModelCatalog catalog, List<String> partners, List<String> lacks) {
        List<ModelEntry> models = catalog.entries().stream()
                .filter(other ->
                        other.cards(ModelCard.Kind.TRANSFORMER).findAny().isPresent())
                .toList();
        Optional<String> nearest = Optional.empty();
        try (CheckpointFile file = CheckpointFiles.open(entry.path())) {
            LoraFile lora = LoraFile.of(file);
            for (ModelEntry model : models) {
                LoraFit fit = fit(model, lora);
                if (fit.fits()) {
                    partners.add(model.name());
                }
                nearest = nearest.or(fit::otherSize);
            }
        } catch (CheckpointException | UnsupportedCheckpointException e) {
            lacks.add(String.valueOf(e.getMessage()));
            return;
        }
        if (partners.isEmpty()) {
            lacks.add(entry.cards().getFirst().title() + " fits none of the transformers here ("
                    + (models.isEmpty()
                            ? "there are none"
                            : models.stream().map(ModelEntry::name).limit(3).collect(Collectors.joining(", ")))
                    + ")" + nearest.map(reason -> "; " + reason).orElse(""));
        }
    }

    /// @param otherSize why it does not, where the model has its tensors in another size
    private record LoraFit(boolean fits, Optional<String> otherSize) {}

    private static LoraFit fit(ModelEntry model, LoraFile lora) {
        try (CheckpointFile file = CheckpointFiles.open(model.path())) {
            TransformerCheckpoint transformer = TransformerCheckpoint.of(file);
            Optional<String> refusal = LoraCheckpoint.refusal(transformer, lora);
            return new LoraFit(
                    refusal.isEmpty(), refusal.filter(reason -> LoraCheckpoint.namesMatch(transformer, lora)));
        } catch (CheckpointException | UnsupportedCheckpointException e) {
            return new LoraFit(false, Optional.empty()); // its own line says why
        }
    }
}
