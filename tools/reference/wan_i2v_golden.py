"""Writes golden files of Wan's image-to-video transformer: a tiny random model run by diffusers' own class.

    pip install -r requirements.txt
    python wan_i2v_golden.py ../../engines/src/test/resources/golden

wan_i2v_diffusers has Wan 2.1's branch for CLIP features (mask and image latent as channels 16 to 35), wan22_i2v_diffusers
has the channels alone. The prompt has 512 tokens because diffusers counts the image's tokens as those beyond 512.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file

torch.set_num_threads(1)
SIZES = {"in_dim": 36, "out_dim": 16, "dim": 64, "ffn_dim": 128, "num_heads": 2, "num_layers": 2, "text_dim": 32}
IMAGE_DIM = 24
IMAGE_TOKENS = 7
TEXT_TOKENS = 512


def model(image: bool) -> WanTransformer3DModel:
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=SIZES["num_heads"],
        attention_head_dim=SIZES["dim"] // SIZES["num_heads"],
        in_channels=SIZES["in_dim"],
        out_channels=SIZES["out_dim"],
        text_dim=SIZES["text_dim"],
        freq_dim=256,
        ffn_dim=SIZES["ffn_dim"],
        num_layers=SIZES["num_layers"],
        image_dim=IMAGE_DIM if image else None,
        added_kv_proj_dim=SIZES["dim"] if image else None,
    ).eval()


def random_weights(module: torch.nn.Module, generator: torch.Generator) -> None:
    weights = {}
    for name, value in module.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if ".norm" in name and name.endswith("weight"):
            weights[name] = 1 + 0.2 * noise
        elif name.endswith("bias"):
            weights[name] = 0.1 * noise
        elif "scale_shift_table" in name:
            weights[name] = 0.3 * noise
        else:
            weights[name] = noise / value[0].numel() ** 0.5
    module.load_state_dict(weights)


def write(path: Path, image: bool) -> None:
    generator = torch.Generator().manual_seed(20261122)
    wan = model(image)
    random_weights(wan, generator)
    x = torch.randn(1, SIZES["in_dim"], 3, 4, 6, generator=generator)
    context = torch.randn(1, TEXT_TOKENS, SIZES["text_dim"], generator=generator)
    features = torch.randn(1, IMAGE_TOKENS, IMAGE_DIM, generator=generator)
    t = torch.tensor([642.25])
    with torch.no_grad():
        y = wan(x, t, context, features if image else None, return_dict=False)[0]
    tensors = {"w." + name: value.contiguous() for name, value in wan.state_dict().items()}
    noisy, channels = x.split([SIZES["out_dim"], SIZES["in_dim"] - SIZES["out_dim"]], dim=1)
    tensors |= {"in.x": noisy.contiguous(), "in.image_channels": channels.contiguous()}
    tensors |= {"in.t": t, "in.context": context, "out.y": y.contiguous()}
    if image:
        tensors["in.image_embeds"] = features
    save_file(tensors, path, metadata={"config": json.dumps(SIZES)})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder / "wan_i2v_diffusers.safetensors", True)
    write(folder / "wan22_i2v_diffusers.safetensors", False)
