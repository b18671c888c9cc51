"""The fixed encoder: clip -> latent [16, 1 + (frames - 1) / 4, 8, 8].

Latent frame k describes video frame 4 k (k = 0, 1, ...) with its change since frame 4 k - 4 emphasised,
f(4 k) + EMPHASIS (f(4 k) - f(4 k - 4)), so that every latent frame shows where things go; the frame before the clip is the
motion continued backwards. Each 8 x 8 x 3 patch of that is projected on the 16 principal components of patches of plain
frames, every component is divided by its standard deviation to the power `WHITEN`, scaled, and softly limited by
y / sqrt(1 + (y / LIMIT)^2). The frames between are the decoder's work.
"""

from __future__ import annotations

import pathlib

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import data

FILE = "encoder.safetensors"
CHANNELS = 16
PATCH = 8
TEMPORAL = 4
WHITEN = 0.75
LIMIT = 4.0
EMPHASIS = 0.5
LATENT_FRAMES = 1 + (data.FRAMES - 1) // TEMPORAL
KEY_FRAMES = list(range(-TEMPORAL, data.FRAMES, TEMPORAL))  # the first one lies before the clip


class Encoder:
    """Principal components of patches; `mean` [192], `basis` [192, 16] (scaled), both float32."""

    def __init__(self, mean: torch.Tensor, basis: torch.Tensor):
        self.mean, self.basis = mean, basis

    @staticmethod
    def fit(clips: int = 2000, seed: int = 0) -> "Encoder":
        rng = np.random.default_rng(seed)
        specs = data.random_specs(clips, rng)
        frames = data.render(specs, data.start_positions(specs, rng), KEY_FRAMES[1:])
        x = _patches(frames).reshape(-1, 3 * PATCH * PATCH).double()
        mean = x.mean(0)
        covariance = (x - mean).T @ (x - mean) / len(x)
        values, vectors = torch.linalg.eigh(covariance)
        values, vectors = values.flip(0)[:CHANNELS], vectors.flip(1)[:, :CHANNELS]
        vectors = vectors * torch.sign(vectors.sum(0, keepdim=True) + 1e-9)
        basis = vectors / values.sqrt() ** WHITEN
        basis = basis / (values ** (1 - WHITEN)).mean().sqrt()
        return Encoder(mean.float(), basis.float())

    @staticmethod
    def load(path: pathlib.Path) -> "Encoder":
        tensors = load_file(path)
        return Encoder(tensors["mean"], tensors["basis"])

    def save(self, path: pathlib.Path) -> None:
        save_file({"mean": self.mean, "basis": self.basis.contiguous()}, path, {"license": "Apache-2.0"})

    @staticmethod
    def of(run: pathlib.Path) -> "Encoder":
        """The encoder of a training folder, made on first use. Components of almost equal strength may come out in
        another order elsewhere: a decoder and a transformer only fit together when they share this file."""
        path = run / FILE
        if not path.exists():
            Encoder.fit().save(path)
        return Encoder.load(path)

    def encode(self, key_frames: torch.Tensor) -> torch.Tensor:
        """float32 [n, 1 + t, 3, H, W] in [0, 1], every fourth frame from -4 on -> [n, 16, t, H / 8, W / 8]."""
        before, now = key_frames[:, :-1], key_frames[:, 1:]
        y = (_patches(now + EMPHASIS * (now - before)) - self.mean) @ self.basis
        return (y / torch.sqrt(1 + (y / LIMIT) ** 2)).permute(0, 4, 1, 2, 3).contiguous()


def _patches(frames: torch.Tensor) -> torch.Tensor:
    n, t, c, h, w = frames.shape
    x = frames.reshape(n, t, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return x.permute(0, 1, 3, 5, 2, 4, 6).reshape(n, t, h // PATCH, w // PATCH, c * PATCH * PATCH)
