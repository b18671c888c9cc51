"""Makes the labelled stress checkpoint: the shipped transformer with outlier channels planted by exact rescaling.

About 2 % of the channels are multiplied by `--scale` where they are produced and divided by it where they are consumed,
so that the full-precision result stays the same while activations get outliers as large models have them. The result is
a test of quantizers, not a claim about trained models; its metadata says `synthetic_outliers: true` and its figures must
never be mixed with those of the shipped model. Rescaled places:

- adaLN inputs of self-attention and feed-forward: shift and 1 + scale times s, the consuming columns divided by s;
- the query input of cross-attention: norm3 times s, q's columns divided by s;
- values: rows of v times s, columns of o divided by s, in both attentions;
- text context: rows of text_embedding.2 times s, columns of cross k and v divided by s.
"""

from __future__ import annotations

import argparse
import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

import data
import weights
from sample import noise_for
from umt5 import tokenize
from wan import WanModel


@torch.no_grad()
def plant(dit: WanModel, scale: float, fraction: float, seed: int) -> list[list[int]]:
    """Rescales `dit` in place; returns the channels used for attention, feed-forward and values, text."""
    rng = np.random.default_rng(seed)
    count = max(1, round(dit.dim * fraction))
    chosen = [sorted(rng.choice(dit.dim, count, replace=False).tolist()) for _ in range(3)]
    attention, feed, context = (torch.tensor(c) for c in chosen)
    time_weight = dit.time_projection[1].weight.view(6, dit.dim, dit.dim)
    time_bias = dit.time_projection[1].bias.view(6, dit.dim)
    for first, channels in ((0, attention), (3, feed)):
        for row in (first, first + 1):
            time_weight[row, channels] *= scale
            time_bias[row, channels] *= scale
    dit.text_embedding[2].weight[context] *= scale
    dit.text_embedding[2].bias[context] *= scale
    for block in dit.blocks:
        for first, channels in ((0, attention), (3, feed)):
            block.modulation[0, first, channels] *= scale
            block.modulation[0, first + 1, channels] = block.modulation[0, first + 1, channels] * scale + scale - 1
        for layer in (block.self_attn.q, block.self_attn.k, block.self_attn.v):
            layer.weight[:, attention] /= scale
        block.ffn[0].weight[:, feed] /= scale
        for layer in (block.cross_attn.k, block.cross_attn.v):
            layer.weight[:, context] /= scale
        block.norm3.weight[attention] *= scale
        block.norm3.bias[attention] *= scale
        block.cross_attn.q.weight[:, attention] /= scale
        for part in (block.self_attn, block.cross_attn):
            part.v.weight[feed] *= scale
            part.v.bias[feed] *= scale
            part.o.weight[:, feed] /= scale
    return chosen


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=root / "workflows/demo-models")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="safetensors file to write")
    parser.add_argument("--scale", type=float, default=16, help="a power of two keeps the result exact in bfloat16")
    parser.add_argument("--fraction", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    models = weights.load(args.models)
    captions = [spec.caption() for spec in data.HELD_OUT_SPECS[:4]]
    noise, t = noise_for([0, 1, 2, 3]), torch.full((4,), 700.0)
    with torch.no_grad():
        text = models.text(torch.tensor([tokenize(c) for c in captions]))
        before = models.dit(noise, t, text)
    chosen = plant(models.dit, args.scale, args.fraction, args.seed)
    # The modulation tables hold s m + s - 1, which bfloat16 would round: they stay in float32.
    tensors = {
        key: (value if "modulation" in key else value.to(torch.bfloat16)).contiguous()
        for key, value in models.dit.state_dict().items()
    }
    models.dit.load_state_dict({key: value.float() for key, value in tensors.items()})
    with torch.no_grad():
        change = ((models.dit(noise, t, text) - before).norm() / before.norm()).item()
    print(f"relative change of the full-precision velocity: {change:.1e}")
    if change > 1e-4:
        raise SystemExit("the rescaling is not exact")
    label = {"synthetic_outliers": "true", "stress": json.dumps({"scale": args.scale, "channels": chosen})}
    config = {"config": json.dumps(weights.dit_config(models.dit)), "sampling": json.dumps(weights.sampling())}
    save_file(tensors, args.out, weights.COMMON | config | label)


if __name__ == "__main__":
    main()
