"""Wan 2.1 text-to-video diffusion transformer with Wan's own parameter names, in plain PyTorch.

Written from the published description of the architecture. Shapes: latent [batch, channels, frames, height, width],
timestep [batch] = 1000 * sigma, text [batch, tokens, text_dim]; the result is the velocity noise - clean.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-6


class RMSNorm(nn.Module):
    """Root-mean-square norm over the full width, before the heads are split."""

    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * self.weight


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)
        self.o = nn.Linear(dim, dim)
        self.norm_q = RMSNorm(dim)
        self.norm_k = RMSNorm(dim)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rope: torch.Tensor | None) -> torch.Tensor:
        def split(y: torch.Tensor) -> torch.Tensor:
            return y.unflatten(-1, (self.heads, -1))

        q, k, v = split(self.norm_q(self.q(x))), split(self.norm_k(self.k(context))), split(self.v(context))
        if rope is not None:
            q, k = rotate(q, rope), rotate(k, rope)
        q, k, v = (y.transpose(1, 2) for y in (q, k, v))
        return self.o(F.scaled_dot_product_attention(q, k, v.to(q.dtype)).transpose(1, 2).flatten(2))


def rotate(x: torch.Tensor, rope: torch.Tensor) -> torch.Tensor:
    """Rotary embedding on interleaved pairs (2j, 2j+1); rope [tokens, 1, head_dim / 2, 2] = (cos, sin)."""
    a, b = x[..., 0::2], x[..., 1::2]
    cos, sin = rope[..., 0], rope[..., 1]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, dim: int, ffn_dim: int, heads: int):
        super().__init__()
        self.dim = dim
        self.self_attn = Attention(dim, heads)
        self.norm3 = nn.LayerNorm(dim, EPS)
        self.cross_attn = Attention(dim, heads)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn_dim), nn.GELU(approximate="tanh"), nn.Linear(ffn_dim, dim))
        self.modulation = nn.Parameter(torch.zeros(1, 6, dim))

    def forward(self, x: torch.Tensor, e: torch.Tensor, text: torch.Tensor, rope: torch.Tensor) -> torch.Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.modulation + e).chunk(6, 1)
        h = F.layer_norm(x, (self.dim,), eps=EPS) * (1 + scale1) + shift1
        x = x + self.self_attn(h, h, rope) * gate1
        x = x + self.cross_attn(self.norm3(x), text, None)
        h = F.layer_norm(x, (self.dim,), eps=EPS) * (1 + scale2) + shift2
        return x + self.ffn(h) * gate2


class Head(nn.Module):
    def __init__(self, dim: int, out: int):
        super().__init__()
        self.head = nn.Linear(dim, out * 4)
        self.modulation = nn.Parameter(torch.zeros(1, 2, dim))

    def forward(self, x: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
        shift, scale = (self.modulation + e[:, None]).chunk(2, 1)
        return self.head(F.layer_norm(x, x.shape[-1:], eps=EPS) * (1 + scale) + shift)


class WanModel(nn.Module):
    def __init__(
        self,
        dim: int = 256,
        ffn_dim: int = 1024,
        num_heads: int = 8,
        num_layers: int = 4,
        channels: int = 16,
        text_dim: int = 128,
        freq_dim: int = 256,
    ):
        super().__init__()
        self.dim, self.heads, self.channels, self.freq_dim = dim, num_heads, channels, freq_dim
        gelu = nn.GELU(approximate="tanh")
        self.patch_embedding = nn.Conv3d(channels, dim, (1, 2, 2), (1, 2, 2))
        self.text_embedding = nn.Sequential(nn.Linear(text_dim, dim), gelu, nn.Linear(dim, dim))
        self.time_embedding = nn.Sequential(nn.Linear(freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.blocks = nn.ModuleList([Block(dim, ffn_dim, num_heads) for _ in range(num_layers)])
        self.head = Head(dim, channels)
        for layer in (self.time_projection[1], self.head.head):  # adaLN-zero: every block starts as identity + text
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self._rope_cache: dict[tuple[int, int, int], torch.Tensor] = {}

    def rope(self, t: int, h: int, w: int, device: torch.device) -> torch.Tensor:
        """(cos, sin) of the angles, [t*h*w, 1, head_dim / 2, 2]; token order t, h, w."""
        key = (t, h, w)
        if key not in self._rope_cache:
            head_dim = self.dim // self.heads
            side = 2 * (head_dim // 6)

            def angles(positions: int, dim: int) -> torch.Tensor:
                inverse = 10000.0 ** (-torch.arange(0, dim, 2).double() / dim)
                return torch.arange(positions).double()[:, None] * inverse

            parts = (
                angles(t, head_dim - 2 * side)[:, None, None].expand(t, h, w, -1),
                angles(h, side)[None, :, None].expand(t, h, w, -1),
                angles(w, side)[None, None].expand(t, h, w, -1),
            )
            angle = torch.cat(parts, -1).reshape(t * h * w, 1, -1)
            self._rope_cache[key] = torch.stack((angle.cos(), angle.sin()), -1).float().to(device)
        return self._rope_cache[key]

    def forward(self, x: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        b, c, t, h, w = x.shape
        h, w = h // 2, w // 2
        patches = x.reshape(b, c, t, h, 2, w, 2).permute(0, 2, 3, 5, 1, 4, 6).reshape(b, t * h * w, 4 * c)
        z = F.linear(patches, self.patch_embedding.weight.reshape(self.dim, 4 * c), self.patch_embedding.bias)
        half = self.freq_dim // 2
        frequency = 10000.0 ** (-torch.arange(half, device=x.device).float() / half)
        angle = timestep.float()[:, None] * frequency
        e = self.time_embedding(torch.cat((angle.cos(), angle.sin()), 1))
        e6 = self.time_projection(e).unflatten(1, (6, self.dim))
        text = self.text_embedding(text)
        rope = self.rope(t, h, w, x.device)
        for block in self.blocks:
            z = block(z, e6, text, rope)
        z = self.head(z, e)  # the last axis is (patch_h, patch_w, channel), channel fastest
        return z.reshape(b, t, h, w, 2, 2, self.channels).permute(0, 6, 1, 2, 4, 3, 5).reshape(b, self.channels, t, 2 * h, 2 * w)
