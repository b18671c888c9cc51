package dev.quantreel.server.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The kinds of model folders, by ComfyUI's names (`folder_paths.py`).
final class ModelFolderKinds {

    /// Those that always exist by name.
    static final List<String> STANDARD = List.of(
            "checkpoints",
            "diffusion_models",
            "text_encoders",
            "vae",
            "vae_approx",
            "loras",
            "embeddings",
            "clip_vision",
            "controlnet",
            "upscale_models",
            "model_patches",
            "audio_encoders",
            "vbench");

    /// Former names, which old folders and configurations still have.
    private static final Map<String, String> FORMER = Map.of("unet", "diffusion_models", "clip", "text_encoders");

    /// Kinds that nodes of other packs use in ComfyUI's own example; known, so that they are no spelling mistakes.
    private static final List<String> OTHERS = List.of(
            "configs",
            "custom_nodes",
            "download_model_base",
            "gligen",
            "hypernetworks",
            "photomaker",
            "style_models",
            "diffusers",
            "classifiers",
            "upscale",
            "ipadapter",
            "insightface",
            "animatediff_models");

    private ModelFolderKinds() {}

    /// The present name of a kind.
    static String present(String name) {
        return FORMER.getOrDefault(name, name);
    }

    /// Folder names on disk that hold files of a kind, the present one first.
    static List<String> folders(String kind) {
        return switch (kind) {
            case "diffusion_models" -> List.of("diffusion_models", "unet");
            case "text_encoders" -> List.of("text_encoders", "clip");
            default -> List.of(kind);
        };
    }

    /// Kinds whose folders are searched after a kind's own: all-in-one checkpoints hold every part, and small decoders
    /// have a folder of their own.
    static List<String> alsoIn(String kind) {
        return switch (kind) {
            case "vae" -> List.of("vae_approx", "checkpoints");
            case "diffusion_models", "text_encoders" -> List.of("checkpoints");
            default -> List.of();
        };
    }

    static boolean isKnown(String name) {
        return STANDARD.contains(present(name)) || OTHERS.contains(name);
    }

    /// The standard name that an unknown one was probably meant to be; empty when none is near.
    static String nearest(String name) {
        return STANDARD.stream()
                .filter(known ->
                        plain(known).startsWith(plain(name)) || letters(known).equals(letters(name)))
                .findFirst()
                .orElse("");
    }

    /// Its letters in order: letters that changed places are the commonest mistake.
    private static List<Integer> letters(String name) {
        return plain(name).chars().sorted().boxed().toList();
    }

    /// Without case, separators and plural.
    private static String plain(String name) {
        String letters = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
        return letters.endsWith("s") ? letters.substring(0, letters.length() - 1) : letters;
    }
}
