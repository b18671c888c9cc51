"""Writes the golden files of CLIP's and SigLIP's picture encoders: tiny random models run by Hugging Face's own
classes, and pictures resized by torch as ComfyUI prepares them.

    pip install -r requirements.txt
    python clip_vision_golden.py ../../engines/src/test/resources/golden
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

FOLDER = Path(sys.argv[1])
torch.set_num_threads(1)
CONFIG = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "image_size": 28,
    "patch_size": 7,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
}
# Four patches of seven pixels leave two pixels out, as 27 of 14 do of 384.
SIGLIP = {
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": 30,
    "patch_size": 7,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def prepared(picture: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resized, the middle square kept, in 8-bit steps, normalized."""
    size = CONFIG["image_size"]
    image = picture.permute(2, 0, 1)[None]
    image = torch.nn.functional.interpolate(image, size=(height, width), mode="bicubic", antialias=True)
    top, left = (height - size) // 2, (width - size) // 2
    image = image[:, :, top : top + size, left : left + size]
    return ((255 * image).clamp(0, 255).round() / 255 - MEAN) / STD


def randomized(model: torch.nn.Module, generator: torch.Generator) -> dict[str, torch.Tensor]:
    weights = {}
    for name, value in model.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            weights[name] = 1 + 0.1 * noise
        elif value.ndim == 1 and "class" not in name:
            weights[name] = 0.1 * noise
        else:
            weights[name] = noise / value[0].numel() ** 0.5 if value.ndim > 1 else noise
    return weights


def stored(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"w." + (name if name.startswith("vision_model.") else "vision_model." + name): value.contiguous()
            for name, value in weights.items() if "position_ids" not in name and not name.startswith("head.")
            and ".head." not in name}


def siglip() -> None:
    generator = torch.Generator().manual_seed(20261121)
    model = SiglipVisionModel(SiglipVisionConfig(**SIGLIP)).eval()
    weights = {name: value.half().float() for name, value in randomized(model, generator).items()}
    model.load_state_dict(weights)
    picture = torch.rand(50, 37, 3, generator=generator)
    size = SIGLIP["image_size"]
    image = torch.nn.functional.interpolate(picture.permute(2, 0, 1)[None], size=(size, size), mode="bicubic",
                                            antialias=True)
    pixels = ((255 * image).clamp(0, 255).round() / 255 - 0.5) / 0.5
    with torch.no_grad():
        hidden = model(pixel_values=pixels).last_hidden_state
    tensors = {name: value.half() for name, value in stored(weights).items()}
    tensors |= {"in.picture": picture, "out.whole": pixels.contiguous(), "out.last": hidden.contiguous()}
    save_file(tensors, FOLDER / "siglip_vision.safetensors", metadata={"config": json.dumps(SIGLIP)})


def main() -> None:
    generator = torch.Generator().manual_seed(20261123)
    model = CLIPVisionModel(CLIPVisionConfig(**CONFIG)).eval()
    weights = randomized(model, generator)
    model.load_state_dict(weights)
    picture = torch.rand(50, 37, 3, generator=generator)
    enlarged = torch.rand(20, 24, 3, generator=generator)
    size = CONFIG["image_size"]
    scale = size / 37
    centre = prepared(picture, round(scale * 50), size)
    with torch.no_grad():
        hidden = model(pixel_values=centre, output_hidden_states=True).hidden_states[-2]
    tensors = stored(weights)
    tensors |= {
        "in.picture": picture,
        "in.enlarged": enlarged,
        "out.centre": centre.contiguous(),
        "out.whole": prepared(picture, size, size).contiguous(),
        "out.enlarged": prepared(enlarged, size, size).contiguous(),
        "out.hidden": hidden.contiguous(),
    }
    save_file(tensors, FOLDER / "clip_vision.safetensors", metadata={"config": json.dumps(CONFIG)})
    siglip()


if __name__ == "__main__":
    main()
