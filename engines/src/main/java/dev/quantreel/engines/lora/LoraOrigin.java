package dev.quantreel.engines.lora;

import dev.quantreel.engines.tensor.Checkpoint;
import java.util.List;
import java.util.Optional;

/// Guesses from its tensor names what a LoRA was trained for, for messages.
public final class LoraOrigin {

    /// @param parts all occur in the names, with `.` for kohya's `_`
    /// @param model what such a LoRA is for
    private record Sign(List<String> parts, String model) {}

    private static final List<Sign> SIGNS = List.of(
            new Sign(List.of("blocks.0.self.attn"), "a Wan transformer"),
            new Sign(List.of("blocks.0.cross.attn"), "a Wan transformer"),
            new Sign(List.of("blocks.0.attn1", "ffn.net"), "a Wan transformer (diffusers)"),
            new Sign(List.of("double.blocks.0.img.attn.qkv", "single.blocks"), "HunyuanVideo or Flux"),
            new Sign(List.of("double.blocks.0"), "HunyuanVideo or Flux"),
            new Sign(List.of("single.transformer.blocks.0"), "HunyuanVideo or Flux (diffusers)"),
            new Sign(List.of("down.blocks."), "Stable Diffusion"),
            new Sign(List.of("input.blocks."), "Stable Diffusion"),
            new Sign(List.of("output.blocks."), "Stable Diffusion"),
            new Sign(List.of("joint.blocks.0"), "Stable Diffusion 3"),
            new Sign(List.of("transformer.blocks.0.attn2"), "LTX-Video or Latte"),
            new Sign(List.of("transformer.blocks.0.attn1"), "CogVideoX, LTX-Video or Latte"),
            new Sign(List.of("blocks.0.attn1"), "a Wan transformer (diffusers)"));

    private LoraOrigin() {}

    /// As the end of "a LoRA for ...".
    public static Optional<String> of(Checkpoint file) {
        List<String> names =
                file.names().stream().map(name -> name.replace('_', '.')).toList();
        return SIGNS.stream()
                .filter(sign ->
                        sign.parts.stream().allMatch(part -> names.stream().anyMatch(name -> name.contains(part))))
                .map(Sign::model)
                .findFirst();
    }
}
