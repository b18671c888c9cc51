"""Writes the golden files of HunyuanVideo 1.0 and 1.5: tiny random transformers run by diffusers' own classes.

    pip install -r requirements.txt
    python hunyuan_golden.py ../../engines/src/test/resources/golden

Prompts are padded and masked as diffusers does it; an implementation that leaves the padding out must agree.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from diffusers import HunyuanVideo15Transformer3DModel, HunyuanVideoTransformer3DModel
from diffusers.models.transformers.transformer_hunyuan_video15 import HunyuanVideo15ByT5TextProjection
from safetensors.torch import save_file

COMMON = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "num_refiner_layers": 1,
    "rope_axes_dim": [4, 6, 6],
    "rope_theta": 256.0,
    "text_embed_dim": 12,
}
HUNYUAN_VIDEO = COMMON | {
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 2,
    "num_single_layers": 2,
    "pooled_projection_dim": 8,
    "guidance_embeds": True,
}
# 4 channels of noise, 4 of an image, and its mask.
HUNYUAN_VIDEO_15 = COMMON | {
    "in_channels": 9,
    "out_channels": 4,
    "num_layers": 2,
    "patch_size": 1,
    "patch_size_t": 1,
    "text_embed_2_dim": 10,
    "image_embed_dim": 6,
    "target_size": 640,
}
GLYPH_HIDDEN = 20


def randomize(model: torch.nn.Module, generator: torch.Generator) -> dict[str, torch.Tensor]:
    weights = {}
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith(".bias") or name == "cond_type_embed.weight":
            weights[name] = 0.2 * noise
        elif value.dim() == 1:
            weights[name] = 1 + 0.1 * noise
        else:
            weights[name] = noise / value[0].numel() ** 0.5
    model.load_state_dict(weights)
    return weights


def save(path: Path, weights: dict, inputs: dict, output: torch.Tensor, config: dict) -> None:
    tensors = {"w." + name: value for name, value in weights.items()}
    tensors |= {"in." + name: value.contiguous() for name, value in inputs.items()}
    tensors["out.y"] = output.contiguous()
    save_file(tensors, path, metadata={"config": json.dumps(config)})


def hunyuan_video(folder: Path) -> None:
    generator = torch.Generator().manual_seed(13)
    model = HunyuanVideoTransformer3DModel(**HUNYUAN_VIDEO).eval()
    weights = randomize(model, generator)
    inputs = {
        "x": torch.randn(1, 4, 3, 4, 6, generator=generator),
        "t": torch.tensor([731.0]),
        "context": torch.randn(1, 7, 12, generator=generator),
        "context_mask": torch.tensor([[1.0, 1, 1, 1, 1, 0, 0]]),
        "pooled": torch.randn(1, 8, generator=generator),
        # At the usual 6, whose angles reach 6000, the last bit of a frequency moves a feature by 2e-4.
        "guidance": torch.tensor([2.5]),
    }
    with torch.no_grad():
        output = model(
            hidden_states=inputs["x"],
            timestep=inputs["t"],
            encoder_hidden_states=inputs["context"],
            encoder_attention_mask=inputs["context_mask"],
            pooled_projections=inputs["pooled"],
            guidance=1000 * inputs["guidance"],
        ).sample
    save(folder / "hunyuan_video_diffusers.safetensors", weights, inputs, output, HUNYUAN_VIDEO)


def hunyuan_video_15(folder: Path, name: str, seed: int, conditioned: bool) -> None:
    """With conditions: two glyph tokens and one that is padded, three image tokens, image channels, MeanFlow."""
    generator = torch.Generator().manual_seed(seed)
    config = HUNYUAN_VIDEO_15 | {"use_meanflow": conditioned, "task_type": "i2v" if conditioned else "t2v"}
    model = HunyuanVideo15Transformer3DModel(**config).eval()
    width = config["num_attention_heads"] * config["attention_head_dim"]
    # The class fixes 2048 here, which would make the file 80 times as large.
    model.context_embedder_2 = HunyuanVideo15ByT5TextProjection(config["text_embed_2_dim"], GLYPH_HIDDEN, width)
    weights = randomize(model.eval(), generator)
    inputs = {
        "x": torch.randn(1, 4, 3, 4, 5, generator=generator),
        "t": torch.tensor([731.0]),
        "context": torch.randn(1, 7, 12, generator=generator),
        "context_mask": torch.tensor([[1.0, 1, 1, 1, 1, 0, 0]]),
    }
    glyphs = torch.randn(1, 3, 10, generator=generator)
    glyph_mask = torch.tensor([[1.0, 1, 0]]) if conditioned else torch.zeros(1, 3)
    image = torch.randn(1, 3, 6, generator=generator) * float(conditioned)
    channels = torch.zeros(1, 5, 3, 4, 5)
    if conditioned:
        channels[:, :4, 0] = torch.randn(1, 4, 4, 5, generator=generator)
        channels[:, 4, 0] = 1
        inputs |= {"glyphs": glyphs[:, :2], "image_embeds": image, "image_channels": channels}
        inputs |= {"t_next": torch.tensor([402.0])}
    with torch.no_grad():
        output = model(
            hidden_states=torch.cat([inputs["x"], channels], dim=1),
            timestep=inputs["t"],
            timestep_r=inputs.get("t_next"),
            encoder_hidden_states=inputs["context"],
            encoder_attention_mask=inputs["context_mask"],
            encoder_hidden_states_2=glyphs,
            encoder_attention_mask_2=glyph_mask,
            image_embeds=image,
        ).sample
    save(folder / name, weights, inputs, output, config)


def main() -> None:
    folder = Path(sys.argv[1])
    hunyuan_video(folder)
    hunyuan_video_15(folder, "hunyuan_video_15_t2v_diffusers.safetensors", 15, conditioned=False)
    hunyuan_video_15(folder, "hunyuan_video_15_i2v_diffusers.safetensors", 16, conditioned=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
