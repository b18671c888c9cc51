"""Sampling: Euler steps of the flow, shifted sigmas, classifier-free guidance; and pictures of the results."""

from __future__ import annotations

import pathlib

import numpy as np
import torch
from PIL import Image

import latents
from taehv import Decoder
from umt5 import UMT5Encoder, tokenize
from wan import WanModel

STEPS, CFG, SHIFT = 16, 4.0, 3.0


def sigmas(steps: int, shift: float) -> list[float]:
    """steps + 1 values from 1 to 0: shift s / (1 + (shift - 1) s) of s = 1 - i / steps."""
    return [shift * s / (1 + (shift - 1) * s) for s in (1 - i / steps for i in range(steps + 1))]


@torch.no_grad()
def sample(
    dit: WanModel, text: UMT5Encoder, captions: list[str], noise: torch.Tensor, steps: int = STEPS, cfg: float = CFG, shift: float = SHIFT
) -> torch.Tensor:
    """Latents of the captions, from noise [n, 16, t, h, w]."""
    conditional = text(torch.tensor([tokenize(c) for c in captions], device=noise.device))
    empty = text(torch.tensor([tokenize("")] * len(captions), device=noise.device))
    x, sigma = noise, sigmas(steps, shift)
    for i in range(steps):
        t = torch.full((len(x),), 1000 * sigma[i], device=x.device)
        v = dit(x, t, conditional)
        if cfg != 1:
            u = dit(x, t, empty)
            v = u + cfg * (v - u)
        x = x + (sigma[i + 1] - sigma[i]) * v
    return x


def noise_for(seeds: list[int], frames: int = latents.LATENT_FRAMES) -> torch.Tensor:
    """One standard normal latent per seed, independent of the batch."""
    shape = (latents.CHANNELS, frames, 8, 8)
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def decode(vae: Decoder, z: torch.Tensor) -> np.ndarray:
    """uint8 [n, frames, height, width, 3]."""
    frames = torch.cat([vae(part) for part in z.split(16)])
    return (frames * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).cpu().numpy()


def contact_sheet(videos: np.ndarray, path: pathlib.Path, columns: int = 3, scale: int = 1) -> None:
    """Five frames of every clip side by side, `columns` clips in a row."""
    picks = np.linspace(0, videos.shape[1] - 1, 5).round().astype(int)
    rows = [np.concatenate(list(video[picks]), 1) for video in videos]
    rows += [np.full_like(rows[0], 128)] * (-len(rows) % columns)
    gap = np.full((rows[0].shape[0], 6, 3), 128, np.uint8)
    lines = []
    for begin in range(0, len(rows), columns):
        line: list[np.ndarray] = []
        for row in rows[begin : begin + columns]:
            line += [row, gap]
        lines += [np.concatenate(line[:-1], 1)]
        lines += [np.full((6, lines[0].shape[1], 3), 128, np.uint8)]
    image = Image.fromarray(np.concatenate(lines[:-1], 0))
    image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(path, optimize=True)
