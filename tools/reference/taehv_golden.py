"""Writes the golden files of the TAEHV decoders whose last convolution gives blocks of 2 x 2 pixels: taew2_2 (48
channels, Wan 2.2 TI2V-5B) and taehv1_5 (32 channels, HunyuanVideo 1.5), with tiny random weights.

    pip install -r requirements.txt
    python taehv_golden.py ../../engines/src/test/resources/golden

The decoder is written down here anew from the description of madebyollin/taehv, on `[frames, channels, height,
width]` of the whole clip, in double precision. Tensors `w.KEY` in half precision, `in.z_ntchw`, `out.y_ntchw`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(sys.argv[1])
COLOURS = 3
PATCH = 2
# Layers of the list: a convolution, then per stage three memory blocks, enlarging, lengthening, a convolution.
FIRST_BLOCK, STAGE, BLOCKS = 3, 6, 3
LENGTHENING = (1, 2, 2)
LAST = 22


def weights(latent: int, widths: list[int], seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, torch.Tensor] = {}

    def convolution(name: str, out: int, into: int, side: int, bias: bool, gain: float = 1.4) -> None:
        noise = torch.randn((out, into, side, side), generator=generator)
        state[name + ".weight"] = (gain * noise / (into * side * side) ** 0.5).half()
        if bias:
            state[name + ".bias"] = (0.1 * torch.randn(out, generator=generator)).half()

    convolution("decoder.1", widths[0], latent, 3, True)
    for stage, factor in enumerate(LENGTHENING):
        width = widths[stage]
        start = FIRST_BLOCK + STAGE * stage
        for block in range(BLOCKS):
            name = f"decoder.{start + block}.conv."
            convolution(name + "0", width, 2 * width, 3, True)
            convolution(name + "2", width, width, 3, True)
            convolution(name + "4", width, width, 3, True, 0.5)
        convolution(f"decoder.{start + BLOCKS + 1}.conv", factor * width, width, 1, False)
        convolution(f"decoder.{start + BLOCKS + 2}", widths[stage + 1], width, 3, False)
    convolution(f"decoder.{LAST}", COLOURS * PATCH * PATCH, widths[3], 3, True, 0.08)
    # Mid grey, so that few pixels are clamped.
    state[f"decoder.{LAST}.bias"] = state[f"decoder.{LAST}.bias"] + 0.5
    return state


def decoded(state: dict[str, torch.Tensor], z: torch.Tensor) -> torch.Tensor:
    """Latent frames `[frames, channels, height, width]` to pictures in [0, 1]."""

    def convolution(name: str, x: torch.Tensor) -> torch.Tensor:
        weight = state[name + ".weight"].double()
        bias = state.get(name + ".bias")
        return torch.nn.functional.conv2d(
            x, weight, None if bias is None else bias.double(), padding=weight.shape[-1] // 2)

    def memory_block(name: str, x: torch.Tensor) -> torch.Tensor:
        before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        hidden = convolution(name + "0", torch.cat([x, before], dim=1)).clamp(min=0)
        hidden = convolution(name + "2", hidden).clamp(min=0)
        return (convolution(name + "4", hidden) + x).clamp(min=0)

    x = convolution("decoder.1", 3 * torch.tanh(z.double() / 3)).clamp(min=0)
    for stage, factor in enumerate(LENGTHENING):
        start = FIRST_BLOCK + STAGE * stage
        for block in range(BLOCKS):
            x = memory_block(f"decoder.{start + block}.conv.", x)
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        x = convolution(f"decoder.{start + BLOCKS + 1}.conv", x)
        # The groups of channels of a frame are consecutive frames.
        x = x.reshape(x.shape[0] * factor, x.shape[1] // factor, *x.shape[2:])
        x = convolution(f"decoder.{start + BLOCKS + 2}", x)
    x = convolution(f"decoder.{LAST}", x.clamp(min=0))
    pictures = torch.empty(x.shape[0], COLOURS, PATCH * x.shape[2], PATCH * x.shape[3], dtype=x.dtype)
    for colour in range(COLOURS):
        for row in range(PATCH):
            for column in range(PATCH):
                channel = (colour * PATCH + row) * PATCH + column
                pictures[:, colour, row::PATCH, column::PATCH] = x[:, channel]
    # The first latent frame stands for one picture; its first three of four have nothing before them.
    return pictures.clamp(0, 1)[LENGTHENING[1] * LENGTHENING[2] - 1:]


def write(name: str, latent: int, seed: int) -> None:
    state = weights(latent, [8, 8, 6, 4], seed)
    z = 2 * torch.randn((5, latent, 2, 2), generator=torch.Generator().manual_seed(seed + 1))
    pictures = decoded(state, z)
    stored = {"w." + key: value.half().contiguous() for key, value in state.items()}
    stored |= {"in.z_ntchw": z[None].contiguous(), "out.y_ntchw": pictures[None].float().contiguous()}
    path = FOLDER / f"{name}.safetensors"
    save_file(stored, path, metadata={"config": json.dumps({"latent_channels": latent, "patch_size": PATCH})})
    clamped = ((pictures == 0) | (pictures == 1)).double().mean()
    print(path.name, path.stat().st_size, tuple(pictures.shape), "spread", float(pictures.std()), "clamped",
          float(clamped))


def main() -> None:
    torch.set_num_threads(1)
    with torch.no_grad():
        write("taehv_wan22", 48, 21)
        write("taehv_hunyuan15", 32, 23)


if __name__ == "__main__":
    main()
