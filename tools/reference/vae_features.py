"""Writes vae_features.safetensors: the distance of two clips by the features of encoders, calculated by hooks in diffusers' own classes.

    pip install -r requirements.txt
    python vae_features.py ../../engines/src/test/resources/golden

Reads the tiny models of vae_golden.py, which must have run before. The second clip of each is the first with noise. Levels are what goes into
each downsampler and what leaves the last block before the middle ones (LTX-Video: before the last norm).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLCogVideoX,
    AutoencoderKLHunyuanVideo,
    AutoencoderKLHunyuanVideo15,
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
)
from safetensors import safe_open
from safetensors.torch import save_file

FOLDER = Path(sys.argv[1])

# A golden file, diffusers' class, names of the modules whose inputs are levels.
MODELS = (
    ("wan21_vae_diffusers", AutoencoderKLWan, lambda name, module: type(module).__name__ == "WanResample"),
    ("wan22_vae_diffusers", AutoencoderKLWan, lambda name, module: type(module).__name__ == "WanResample"),
    ("hunyuan_vae_encoder", AutoencoderKLHunyuanVideo, lambda name, module: name.endswith("downsamplers.0")),
    ("hunyuan15_vae_diffusers", AutoencoderKLHunyuanVideo15, lambda name, module: name.endswith("downsamplers.0")),
    ("cogvideox_vae_encoder", AutoencoderKLCogVideoX, lambda name, module: name.endswith("downsamplers.0")),
    ("ltx_vae_encoder", AutoencoderKLLTXVideo, lambda name, module: name.endswith("downsamplers.0")),
)


def opened(golden: str, kind: type) -> tuple[torch.nn.Module, torch.Tensor]:
    with safe_open(FOLDER / f"{golden}.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        state = {key[2:]: file.get_tensor(key).float() for key in file.keys() if key.startswith("w.")}
        pictures = file.get_tensor("in.x").float()
    model = kind(**config)
    missing = model.load_state_dict(state, strict=False)
    assert not any(key.startswith("encoder.") for key in missing.missing_keys), missing
    return model.eval(), pictures


def features(model: torch.nn.Module, is_level, pictures: torch.Tensor) -> list[list[torch.Tensor]]:
    """By module in the order in which they run: what each call of the module was given."""
    seen: dict[str, list[torch.Tensor]] = {}
    hooks = []

    def keep(name: str):
        return lambda module, args: seen.setdefault(name, []).append(args[0].detach().clone())

    for name, module in model.encoder.named_modules():
        last = "norm_out" if isinstance(model, AutoencoderKLLTXVideo) else "mid_block"
        if is_level(name, module) or name == last:
            hooks.append(module.register_forward_pre_hook(keep(name)))
    model.encode(pictures)
    for hook in hooks:
        hook.remove()
    if isinstance(model, AutoencoderKLHunyuanVideo):
        # diffusers' third run takes the last picture alone and drops its latent frame: it is not run elsewhere.
        return [runs[:2] for runs in seen.values()]
    return list(seen.values())


def distance(a: list[torch.Tensor], b: list[torch.Tensor], channels: int) -> float:
    total = count = 0.0
    for p, q in zip(a, b, strict=True):
        p, q = p.double(), q.double()
        p = p / p.norm(dim=channels, keepdim=True).clamp(min=1e-10)
        q = q / q.norm(dim=channels, keepdim=True).clamp(min=1e-10)
        squares = ((p - q) ** 2).sum(dim=channels)
        total, count = total + squares.sum().item(), count + squares.numel()
    return total / count


def main() -> None:
    torch.set_num_threads(1)
    stored = {}
    with torch.no_grad():
        for golden, kind, is_level in MODELS:
            model, pictures = opened(golden, kind)
            noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(41))
            other = (pictures + 0.2 * noise).clamp(-1, 1).half().float()
            # LTX-Video's norm before the last convolution is given the channels last.
            pairs = list(zip(features(model, is_level, pictures), features(model, is_level, other), strict=True))
            levels = [distance(a, b, b[0].dim() - 1 if kind is AutoencoderKLLTXVideo and a is pairs[-1][0] else 1)
                      for a, b in pairs]
            stored[f"{golden}.test"] = other.half().contiguous()
            stored[f"{golden}.levels"] = torch.tensor(levels, dtype=torch.float64)
            print(golden, [tuple(a[0].shape) for a, _ in pairs], levels)
    save_file(stored, FOLDER / "vae_features.safetensors",
              {"made_by": f"tools/reference/vae_features.py, torch {torch.__version__}"})


if __name__ == "__main__":
    main()
