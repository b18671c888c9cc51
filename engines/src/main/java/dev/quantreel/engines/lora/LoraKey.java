package dev.quantreel.engines.lora;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A tensor name of a LoRA file taken apart.
///
/// @param target tensor of the model it changes, below every prefix; in kohya's files with `_` for `.`
/// @param role what it is to that tensor
/// @param underscored whether `target` has `_` for `.`
record LoraKey(String target, Role role, boolean underscored) {

    enum Role {
        DOWN,
        UP,
        ALPHA,
        DIFF
    }

    /// @param suffix of the name
    /// @param role what it is
    /// @param tensor what to put for the suffix: the end of the changed tensor's name
    private record Suffix(String suffix, Role role, String tensor) {}

    private static final List<Suffix> SUFFIXES = List.of(
            new Suffix(".lora_down.weight", Role.DOWN, ".weight"),
            new Suffix(".lora_up.weight", Role.UP, ".weight"),
            new Suffix(".lora_A.weight", Role.DOWN, ".weight"),
            new Suffix(".lora_B.weight", Role.UP, ".weight"),
            new Suffix(".lora_A.default.weight", Role.DOWN, ".weight"),
            new Suffix(".lora_B.default.weight", Role.UP, ".weight"),
            new Suffix(".lora.down.weight", Role.DOWN, ".weight"),
            new Suffix(".lora.up.weight", Role.UP, ".weight"),
            new Suffix(".alpha", Role.ALPHA, ".weight"),
            new Suffix(".diff", Role.DIFF, ".weight"),
            new Suffix(".diff_b", Role.DIFF, ".bias"),
            new Suffix(".diff_m", Role.DIFF, ".modulation"));

    private static final List<String> DOTTED = List.of(
            "base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer.", "unet.", "model.");
    private static final List<String> UNDERSCORED = List.of("lora_unet_", "lora_transformer_", "lycoris_");

    /// Adapters of other kinds, by the suffix that gives them away.
    private static final Map<String, String> OTHERS = Map.of(
            ".hada_w1_a", "a LoHa",
            ".lokr_w1", "a LoKr",
            ".lokr_w1_a", "a LoKr",
            ".oft_blocks", "an OFT",
            ".oft_diag", "an OFT",
            ".dora_scale", "a DoRA",
            ".lora_magnitude_vector", "a DoRA",
            ".lora_mid.weight", "a LoCon with a middle matrix",
            ".set_weight", "a patch that replaces weights");

    static Optional<LoraKey> of(String name) {
        for (Suffix suffix : SUFFIXES) {
            if (name.endsWith(suffix.suffix)) {
                String layer = name.substring(0, name.length() - suffix.suffix.length());
                for (String prefix : UNDERSCORED) {
                    if (layer.startsWith(prefix)) {
                        String target = layer.substring(prefix.length()) + suffix.tensor.replace('.', '_');
                        return Optional.of(new LoraKey(target, suffix.role, true));
                    }
                }
                return Optional.of(new LoraKey(bare(layer) + suffix.tensor, suffix.role, false));
            }
        }
        return Optional.empty();
    }

    private static String bare(String layer) {
        String rest = layer;
        for (String prefix : DOTTED) {
            if (rest.startsWith(prefix)) {
                rest = rest.substring(prefix.length());
            }
        }
        return rest;
    }

    /// What kind of adapter that is not supported a name belongs to.
    static Optional<String> otherKind(String name) {
        return OTHERS.entrySet().stream()
                .filter(other -> name.endsWith(other.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /// Whether a name belongs to the text encoder's part of a file, which is passed over.
    static boolean isOfTextEncoder(String name) {
        return name.startsWith("lora_te") || name.startsWith("text_encoder");
    }
}
