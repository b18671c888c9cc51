"""TAEHV-layout decoder (taew2_1's parameter names, free widths): latent [n, 16, t, h, w] -> frames in [0, 1].

Plain 2-D convolutions; every memory block also sees its input of the frame before; 4 x 8 x 8 upsampling, the first
three frames are dropped, so that t latent frames give 4 t - 3 frames. Written from the description of the layout.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (96, 64, 32, 16)
TRIM = 3


class MemoryBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: torch.Tensor, clips: int) -> torch.Tensor:
        frames = x.unflatten(0, (clips, -1))
        past = torch.cat((torch.zeros_like(frames[:, :1]), frames[:, :-1]), 1).flatten(0, 1)
        return F.relu(self.conv(torch.cat((x, past), 1)) + x)


class TemporalGrow(nn.Module):
    """1 x 1 convolution to `stride` times the channels, which become consecutive frames."""

    def __init__(self, width: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(width, width * stride, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).unflatten(1, (self.stride, -1)).flatten(0, 1)


class Clamp(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x / 3) * 3


class Decoder(nn.Module):
    def __init__(self, widths: tuple[int, int, int, int] = WIDTHS, channels: int = 16):
        super().__init__()
        a, b, c, d = widths
        up = nn.Upsample(scale_factor=2)
        self.decoder = nn.Sequential(
            Clamp(), nn.Conv2d(channels, a, 3, padding=1), nn.ReLU(),
            MemoryBlock(a), MemoryBlock(a), MemoryBlock(a), up, TemporalGrow(a, 1), nn.Conv2d(a, b, 3, padding=1, bias=False),
            MemoryBlock(b), MemoryBlock(b), MemoryBlock(b), up, TemporalGrow(b, 2), nn.Conv2d(b, c, 3, padding=1, bias=False),
            MemoryBlock(c), MemoryBlock(c), MemoryBlock(c), up, TemporalGrow(c, 2), nn.Conv2d(c, d, 3, padding=1, bias=False),
            nn.ReLU(), nn.Conv2d(d, 3, 3, padding=1),
        )  # fmt: skip

    def raw(self, z: torch.Tensor) -> torch.Tensor:
        """[n, c, t, h, w] -> [n, 4 t, 3, 8 h, 8 w], neither clamped nor trimmed."""
        clips = z.shape[0]
        x = z.permute(0, 2, 1, 3, 4).flatten(0, 1)
        for layer in self.decoder:
            x = layer(x, clips) if isinstance(layer, MemoryBlock) else layer(x)
        return x.unflatten(0, (clips, -1))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.raw(z)[:, TRIM:].clamp(0, 1)
