"""The fixed encoder: clip -> latent [16, 1 + (frames - 1) / 4, 8, 8].

Latent frame k describes video frame 4 k alone (k = 0, 1, ...): each 8 x 8 x 3 patch of that frame is projected on the
16 principal components of such patches, every component is divided by its standard deviation to the power `WHITEN`,
scaled to a root mean square of 1 over all components together, and softly limited by y / sqrt(1 + (y / LIMIT)^2).
The frames between are the decoder's work: it sees the latent frame before.
"""

from __future__ import annotations

import numpy as np
import torch

import data

CHANNELS = 16
PATCH = 8
TEMPORAL = 4
WHITEN = 0.75
LIMIT = 4.0
LATENT_FRAMES = 1 + (data.FRAMES - 1) // TEMPORAL
KEY_FRAMES = list(range(0, data.FRAMES, TEMPORAL))


class Encoder:
    """Principal components of patches; `mean` [192], `basis` [192, 16] (scaled), both float32."""

    def __init__(self, mean: torch.Tensor, basis: torch.Tensor):
        self.mean, self.basis = mean, basis

    @staticmethod
    def fit(clips: int = 2000, seed: int = 0) -> "Encoder":
        rng = np.random.default_rng(seed)
        specs = data.random_specs(clips, rng)
        frames = data.render(specs, data.start_positions(specs, rng), KEY_FRAMES)
        x = _patches(frames).reshape(-1, 3 * PATCH * PATCH).double()
        mean = x.mean(0)
        covariance = (x - mean).T @ (x - mean) / len(x)
        values, vectors = torch.linalg.eigh(covariance)
        values, vectors = values.flip(0)[:CHANNELS], vectors.flip(1)[:, :CHANNELS]
        vectors = vectors * torch.sign(vectors.sum(0, keepdim=True) + 1e-9)
        basis = vectors / values.sqrt() ** WHITEN
        basis = basis / (values ** (1 - WHITEN)).mean().sqrt()
        return Encoder(mean.float(), basis.float())

    def encode(self, key_frames: torch.Tensor) -> torch.Tensor:
        """float32 [n, t, 3, H, W] in [0, 1], one frame per latent frame -> [n, 16, t, H / 8, W / 8]."""
        y = (_patches(key_frames) - self.mean) @ self.basis
        return (y / torch.sqrt(1 + (y / LIMIT) ** 2)).permute(0, 4, 1, 2, 3).contiguous()


def _patches(frames: torch.Tensor) -> torch.Tensor:
    n, t, c, h, w = frames.shape
    x = frames.reshape(n, t, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return x.permute(0, 1, 3, 5, 2, 4, 6).reshape(n, t, h // PATCH, w // PATCH, c * PATCH * PATCH)
