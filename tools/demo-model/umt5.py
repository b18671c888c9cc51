"""UMT5 encoder with Hugging Face's parameter names, and the word tokenizer of the demo model.

The hidden state is zeroed behind the closing token (Wan's contract); the DiT's cross-attention has no mask.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from data import BACKGROUNDS, COLOURS, DIRECTIONS, SHAPES, SIZES
from wan import RMSNorm

TEXT_LENGTH = 16
WORDS = ["<pad>", "</s>", "<unk>", "a", "on", "moving", "background"]
WORDS += [*COLOURS, *BACKGROUNDS, *SHAPES, *DIRECTIONS, *SIZES]
VOCABULARY = {word: i for i, word in enumerate(WORDS)}
PAD, EOS, UNKNOWN = 0, 1, 2


def tokenize(caption: str) -> list[int]:
    """Word ids, a closing 1, then zeros up to the text length."""
    ids = [VOCABULARY.get(word, UNKNOWN) for word in caption.lower().split()][: TEXT_LENGTH - 1] + [EOS]
    return ids + [PAD] * (TEXT_LENGTH - len(ids))


def tokenizer_json() -> dict:
    """The same tokenizer in the format of Hugging Face's `tokenizers`."""
    special = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": WORDS[i], **special} for i in (PAD, EOS, UNKNOWN)],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}},
            ],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [EOS], "tokens": ["</s>"]}},
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": VOCABULARY, "unk_token": "<unk>"},
    }


def _linear(inputs: int, outputs: int, std: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=std)
    return layer


def _block(dim: int, heads: int, kv_dim: int, ffn_dim: int) -> nn.ModuleDict:
    inner = heads * kv_dim
    bias = nn.Embedding(32, heads)
    nn.init.normal_(bias.weight, std=0.05)
    attention = nn.ModuleDict(
        {
            "q": _linear(dim, inner, (dim * kv_dim) ** -0.5),
            "k": _linear(dim, inner, dim**-0.5),
            "v": _linear(dim, inner, dim**-0.5),
            "o": _linear(inner, dim, inner**-0.5),
            "relative_attention_bias": bias,
        }
    )
    dense = nn.ModuleDict(
        {
            "wi_0": _linear(dim, ffn_dim, dim**-0.5),
            "wi_1": _linear(dim, ffn_dim, dim**-0.5),
            "wo": _linear(ffn_dim, dim, ffn_dim**-0.5),
        }
    )
    return nn.ModuleDict(
        {
            "layer": nn.ModuleList(
                [
                    nn.ModuleDict({"SelfAttention": attention, "layer_norm": RMSNorm(dim)}),
                    nn.ModuleDict({"DenseReluDense": dense, "layer_norm": RMSNorm(dim)}),
                ]
            )
        }
    )


def relative_buckets(length: int) -> torch.Tensor:
    """Bidirectional buckets (32 buckets, maximum distance 128) of key - query, [length, length]."""
    position = torch.arange(length)
    offset = position[None] - position[:, None]
    distance = offset.abs()
    far = 8 + (torch.log(distance.clamp_min(1).double() / 8) / math.log(16) * 8).long()
    return (offset > 0).long() * 16 + torch.where(distance < 8, distance, far.clamp_max(15))


class UMT5Encoder(nn.Module):
    def __init__(
        self, vocabulary: int = len(WORDS), dim: int = 128, heads: int = 4, kv_dim: int = 32, ffn_dim: int = 256, layers: int = 2
    ):
        super().__init__()
        self.heads, self.kv_dim = heads, kv_dim
        self.shared = nn.Embedding(vocabulary, dim)
        self.encoder = nn.ModuleDict(
            {
                "block": nn.ModuleList([_block(dim, heads, kv_dim, ffn_dim) for _ in range(layers)]),
                "final_layer_norm": RMSNorm(dim),
            }
        )

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        batch, length = ids.shape
        real = ids != PAD
        x = self.shared(ids)
        buckets = relative_buckets(length).to(ids.device)
        hidden = torch.zeros(batch, 1, 1, length, device=ids.device).masked_fill(~real[:, None, None], -1e9)
        for block in self.encoder["block"]:
            first, second = block["layer"]
            attention, dense = first["SelfAttention"], second["DenseReluDense"]
            h = first["layer_norm"](x)
            q, k, v = (
                attention[n](h).view(batch, length, self.heads, self.kv_dim).transpose(1, 2) for n in ("q", "k", "v")
            )
            bias = attention["relative_attention_bias"](buckets).permute(2, 0, 1)[None]
            weights = ((q @ k.transpose(-1, -2)).float() + bias + hidden).softmax(-1)
            x = x + attention["o"]((weights @ v.float()).transpose(1, 2).flatten(2))
            h = second["layer_norm"](x)
            x = x + dense["wo"](F.gelu(dense["wi_0"](h), approximate="tanh") * dense["wi_1"](h))
        return self.encoder["final_layer_norm"](x) * real[..., None]
