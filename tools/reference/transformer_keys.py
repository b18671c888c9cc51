"""Prints what diffusers calls the tensors of the transformers at their real sizes, without allocating them.

Per model: number of tensors, number of parameters, and the SHA-256 of the lines "name dim,dim,..." sorted by name.
The test RealSizesTest holds these values and computes its own from the canonical names and layouts.
"""

import hashlib

import torch
from diffusers import CogVideoXTransformer3DModel, LatteTransformer3DModel, LTXVideoTransformer3DModel

COG_5B = dict(num_attention_heads=48, num_layers=42, use_rotary_positional_embeddings=True)
MODELS = {
    "LTX-Video 0.9 2B": lambda: LTXVideoTransformer3DModel(),
    "LTX-Video 0.9 13B": lambda: LTXVideoTransformer3DModel(
        attention_head_dim=128, cross_attention_dim=4096, num_layers=48
    ),
    "CogVideoX 2B": lambda: CogVideoXTransformer3DModel(),
    "CogVideoX 5B": lambda: CogVideoXTransformer3DModel(**COG_5B),
    "CogVideoX 1.5 5B": lambda: CogVideoXTransformer3DModel(
        **COG_5B, patch_size_t=2, patch_bias=False, sample_height=300, sample_width=300, sample_frames=81
    ),
    "Latte-1": lambda: LatteTransformer3DModel(
        num_attention_heads=16,
        attention_head_dim=72,
        in_channels=4,
        out_channels=8,
        num_layers=28,
        cross_attention_dim=1152,
        attention_bias=True,
        sample_size=64,
        patch_size=2,
        activation_fn="gelu-approximate",
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        norm_eps=1e-6,
        caption_channels=4096,
        video_length=16,
    ),
}


def main():
    for name, create in MODELS.items():
        with torch.device("meta"):
            tensors = create().state_dict()
        lines = sorted(f"{key} {','.join(map(str, value.shape))}" for key, value in tensors.items())
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        parameters = sum(value.numel() for value in tensors.values())
        print(f"{name}: {len(lines)} tensors, {parameters} parameters, {digest}")


if __name__ == "__main__":
    main()
