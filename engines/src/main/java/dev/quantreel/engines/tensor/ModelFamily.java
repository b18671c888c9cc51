package dev.quantreel.engines.tensor;

import java.util.Collection;
import java.util.List;

/// Recognises files that people mistake for the model they meant, so that a refusal can say what the file is.
public final class ModelFamily {

    /// @param part occurs in a tensor name of the family
    /// @param name what the file is
    private record Sign(String part, String name) {}

    private static final List<Sign> FAMILIES = List.of(
            new Sign("blocks.0.self_attn.norm_q", "a Wan transformer"),
            new Sign("condition_embedder.time_proj", "a Wan transformer in diffusers' layout"),
            new Sign(
                    "txt_in.individual_token_refiner", "a relative of HunyuanVideo (HunyuanImage or a part of a file)"),
            new Sign("double_blocks.0.", "a Flux transformer, which makes images"),
            new Sign("token_refiner.refiner_blocks", "a relative of HunyuanVideo in diffusers' layout"),
            new Sign("patchify_proj.", "an LTX-Video transformer"),
            new Sign("adaln_single.", "an LTX-Video or PixArt transformer"),
            new Sign("norm_out.linear.", "a diffusers transformer of another family (CogVideoX, HunyuanVideo)"),
            new Sign("input_blocks.0.", "a Stable Diffusion UNet"),
            new Sign("lora_down", "a LoRA, not a whole model"),
            new Sign("lora_A", "a LoRA, not a whole model"),
            new Sign("SelfAttention.relative_attention_bias", "a T5 or UMT5 text encoder"),
            new Sign("text_model.encoder.", "a CLIP text encoder"),
            new Sign("model.layers.0.self_attn.", "a language model"),
            new Sign("decoder.22.", "a TAEHV video decoder"),
            new Sign("decoder.conv_in.", "an image or video VAE"),
            new Sign("decoder.conv1.", "a Wan VAE"),
            new Sign("pca.decoder.", "a linear (PCA) decoder"));

    private static final List<Sign> VARIANTS = List.of(
            new Sign("vace_", "a VACE model"),
            new Sign("clean_x_embedder", "a FramePack model"),
            new Sign("control_adapter.", "a camera-control model"),
            new Sign("ref_conv.", "a reference-image model"),
            new Sign("comfy_quant", "already quantized (comfy_quant)"),
            new Sign("weight_scale", "already quantized (weight scales)"),
            new Sign("scale_weight", "already quantized (fp8_scaled)"),
            new Sign("scaled_fp8", "already quantized (fp8_scaled)"));

    private ModelFamily() {}

    /// What the checkpoint looks like, as the start of a sentence.
    public static String describe(Checkpoint checkpoint) {
        return FAMILIES.stream()
                .filter(sign -> checkpoint.names().stream().anyMatch(name -> name.contains(sign.part)))
                .findFirst()
                .map(sign -> "this is " + sign.name)
                .orElse("this is no known model (its first tensors: "
                        + checkpoint.names().stream().limit(3).toList() + ")");
    }

    /// Why a transformer checkpoint with these additional tensors is refused.
    ///
    /// @param variant what the file is without them
    public static String describeSurplus(String variant, Collection<String> names) {
        String found = names.size() + " tensors that " + variant + " does not have, such as "
                + names.stream().limit(3).toList();
        return VARIANTS.stream()
                .filter(sign -> names.stream().anyMatch(name -> name.contains(sign.part)))
                .findFirst()
                .map(sign -> "this file is " + sign.name + ", which is not supported; it has " + found)
                .orElse("it has " + found);
    }
}
